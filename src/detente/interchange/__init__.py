"""What other systems write and read: airspace, plans and notices, in and out."""
