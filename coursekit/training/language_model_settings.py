"""What a language-model run is made of: everything that has to be the same for it to go on."""

from dataclasses import asdict, dataclass, field
from typing import ClassVar

from coursekit.errors import UserError

TOKENIZERS = ("characters", "bytes", "byte-pairs")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PHRASEBOOK = "phrasebook"


@dataclass(frozen=True)
class LanguageModelSettings:
    """The settings of a run, saved with it.

    Args:
        text: path of a text file; None for what Python's `help()` knows.
        pairs: path of a file of sentence pairs, or "phrasebook": the model then learns to translate,
            from lines "English: ... French: ...". None: it learns the text.
        max_words: int. Pairs with a longer side are left out (of a file).
        tokenizer: "characters", "bytes" or "byte-pairs".
        vocabulary_size: int. The most tokens, of byte pairs.
        num_layers: int.
        num_heads: int.
        hidden_dim: int.
        intermediate_dim: int, or None for four times `hidden_dim`.
        sequence_length: int. The context: how many tokens the model sees at most.
        positions: "learned", "sinusoidal", "rotary" or "none".
        architecture: further arguments of `DecoderTransformer`, of a named size.
        dropout: float.
        batch_size: int. Windows of the text in a batch.
        accumulation: int. Batches whose gradients make one step.
        learning_rate: float. The peak.
        final_learning_rate: float. Where the cosine ends.
        warmup_steps: int.
        weight_decay: float, of matrices.
        beta_2: float, of AdamW.
        clip_norm: float. The most a gradient's global norm may be.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        steps_per_call: int. Steps in one call of the compiled function.
        distribute: bool. Whether all devices share each batch (`tf.distribute`).
        minutes: float, or None. The budget of the run, from the first step on; or
        steps: int, or None.
        evaluations: int. How often it is evaluated.
        seed: int. Of weights, windows, dropout and samples.
        layers: folder of a student's layers that took part, or None.
    """

    task: ClassVar[str] = "language-model"

    text: str | None = None
    pairs: str | None = None
    max_words: int = 10
    tokenizer: str = "characters"
    vocabulary_size: int = 2000
    num_layers: int = 4
    num_heads: int = 4
    hidden_dim: int = 128
    intermediate_dim: int | None = None
    sequence_length: int = 64
    positions: str = "rotary"
    architecture: dict = field(default_factory=dict)
    dropout: float = 0.0
    batch_size: int = 12
    accumulation: int = 1
    learning_rate: float = 2e-3
    final_learning_rate: float = 0.0
    warmup_steps: int = 100
    weight_decay: float = 0.1
    beta_2: float = 0.99
    clip_norm: float = 1.0
    precision: str = "float32"
    steps_per_call: int = 1
    distribute: bool = False
    minutes: float | None = None
    steps: int | None = None
    evaluations: int = 8
    seed: int = 0
    layers: str | None = None

    def __post_init__(self):
        whole = (
            "num_layers num_heads hidden_dim sequence_length batch_size accumulation steps_per_call"
            " evaluations max_words"
        )
        checks = (
            (self.tokenizer in TOKENIZERS, "tokenizer", _one_of(TOKENIZERS)),
            (
                self.positions in ("learned", "sinusoidal", "rotary", "none"),
                "positions",
                "learned, sinusoidal, rotary or none",
            ),
            (self.precision in PRECISIONS, "precision", _one_of(PRECISIONS)),
            *((getattr(self, name) >= 1, name, "at least 1") for name in whole.split()),
            (self.vocabulary_size >= 260, "vocabulary_size", "at least 260: bytes are part of it"),
            (
                self.intermediate_dim is None or self.intermediate_dim >= 1,
                "intermediate_dim",
                "at least 1",
            ),
            (0 <= self.dropout < 1, "dropout", "from 0 to below 1"),
            (0 < self.learning_rate < 1, "learning_rate", "above 0 and below 1"),
            (
                0 <= self.final_learning_rate <= self.learning_rate,
                "final_learning_rate",
                "from 0 to --learning-rate",
            ),
            (self.warmup_steps >= 0, "warmup_steps", "at least 0"),
            (self.weight_decay >= 0, "weight_decay", "at least 0"),
            (0 < self.beta_2 < 1, "beta_2", "above 0 and below 1"),
            (self.clip_norm > 0, "clip_norm", "above 0"),
            (self.minutes is None or self.minutes > 0, "minutes", "above 0"),
            (self.steps is None or self.steps >= 1, "steps", "at least 1"),
        )
        for is_right, name, right in checks:
            if not is_right:
                raise UserError(f"{_option(name)} is {right}. Received: {getattr(self, name)}")
        self._check_together()

    def _check_together(self) -> None:
        if self.hidden_dim % self.num_heads:
            raise UserError(
                "--num-heads divides --hidden-dim. Received: "
                f"num_heads={self.num_heads}, hidden_dim={self.hidden_dim}"
            )
        if self.positions == "rotary" and self.hidden_dim // self.num_heads % 2:
            raise UserError(
                "Rotary positions turn pairs of numbers, so that a head is of even width. Received: "
                f"hidden_dim={self.hidden_dim}, num_heads={self.num_heads}, which makes "
                f"{self.hidden_dim // self.num_heads}"
            )
        if self.layers is not None and self.architecture:
            raise UserError(
                "With --layers a model is made of what the units have, and of no more. Received: a "
                f"size with {', '.join(self.architecture)}"
            )
        if self.layers is not None and self.positions in ("rotary", "none"):
            raise UserError(
                "--positions is learned or sinusoidal with --layers: no unit has others. "
                f"Received: {self.positions}"
            )
        if self.text is not None and self.pairs is not None:
            raise UserError(
                "A run learns either --text or --pairs. "
                f"Received: text={self.text}, pairs={self.pairs}"
            )
        if (self.minutes is None) == (self.steps is None):
            raise UserError(
                "A run has either --minutes or --steps. "
                f"Received: minutes={self.minutes}, steps={self.steps}"
            )

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> "LanguageModelSettings":
        """Reads saved settings; raises TypeError if they are of another version."""
        return cls(**values)


def _one_of(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
