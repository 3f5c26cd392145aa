"""Evidence bundles: what a party hands to those who must tell what happened."""
