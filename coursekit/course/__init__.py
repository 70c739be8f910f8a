"""What the course is: its units, where they lie, their stubs and hints."""
