"""Package metadata: what coursekit needs, as ranges. Exact versions live in constraints.txt."""

from pathlib import Path

from setuptools import find_packages, setup

REQUIRES = [
    "jinja2>=3.1",
    "keras>=3.13.2,<3.16",  # 3.13.2 closes file-format holes; the next minor changes RNN masking
    "tensorflow>=2.21,<2.22",
    "tensorflow-text>=2.21.1,<2.22",  # WordPiece inside tf.data
    "keras-nlp>=0.32,<0.33",  # the course's name for KerasHub: import keras_hub
    "tensorboard>=2.21,<2.22",
    "tokenizers>=0.20",
    "numpy>=2.0",
    "msgspec>=0.19",
    "psutil>=6",
    "pytest>=8",
    "PyYAML>=6",
    "rich>=13",
    "sacrebleu>=2.4",
    "typer>=0.15",
]

CLUSTER = ["distributed>=2025.1"]  # Dask

DEV = [
    *CLUSTER,
    "hypothesis>=6",
    "import-linter>=2",
    "lxml>=5",
    "mypy>=1.11",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.5",
    "ruff>=0.8",
]

setup(
    name="coursekit",
    version="0.1.0",
    description="A Keras course on sequence models that grades itself",
    long_description=(Path(__file__).parent / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["coursekit", "coursekit.*"]),
    package_data={
        "coursekit.course": ["syllabus.toml", "hints/*.toml"],
        "coursekit.grading.exports": ["templates/*"],
    },
    install_requires=REQUIRES,
    extras_require={"dev": DEV, "bench": ["torch>=2.4"], "cluster": CLUSTER},
    entry_points={
        "console_scripts": ["coursekit = coursekit.cli.main:main"],
        "pytest11": ["coursekit = coursekit.grading.plugin"],
    },
    classifiers=[
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "License :: OSI Approved :: Apache Software License",
        "Intended Audience :: Education",
    ],
)
