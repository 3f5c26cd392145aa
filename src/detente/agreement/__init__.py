"""The agreement between parties: its document, its checks, its signatures, what is in force."""
