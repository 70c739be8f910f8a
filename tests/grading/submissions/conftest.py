"""Folders and zips of made-up classes, written where a test may write."""

import io
import json
import zipfile

import pytest

CODE = "answer = 1\n"


def pack(members, **options):
    """A zip of {name: content}, in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def notebook(*cells, **fields):
    """A notebook of code cells; a cell may be a whole dict as well."""
    whole = [
        cell
        if isinstance(cell, dict)
        else {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell}
        for cell in cells
    ]
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": whole, **fields}
    )


def write(folder, tree):
    """Writes {path: content} below a folder; a path that ends in / is a folder of its own."""
    for path, content in tree.items():
        place = folder / path
        if path.endswith("/"):
            place.mkdir(parents=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture
def tree(tmp_path):
    """Makes the folder `class` of {path: content}."""

    def make(files, name="class"):
        folder = tmp_path / name
        folder.mkdir()
        return write(folder, files)

    return make


@pytest.fixture
def zipped(tmp_path):
    """Makes class.zip of {name: content}."""

    def make(members, name="class.zip"):
        path = tmp_path / name
        path.write_bytes(pack(members))
        return path

    return make
