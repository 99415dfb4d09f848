"""A look at a PDF before it is sent, by pypdf in a child process with limits.

On a broken file, pypdf may loop, recurse or exhaust memory. The modules import little, so that the
process can start as soon as the command does.
"""
