"""What becomes of a graded class: pages to read, and files for an LMS, a CI system or Gradescope.

Everything here reads a `ClassResults` and writes files. Names, messages and output come from submissions:
they are untrusted text, and each format escapes them in its own way.
"""
