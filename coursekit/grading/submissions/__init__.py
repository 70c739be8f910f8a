"""Reads what students hand in: folders, zips, notebooks, and what an LMS gives to download."""
