"""Grades a class: many submissions, one journal, the same results however often it is cut off."""
