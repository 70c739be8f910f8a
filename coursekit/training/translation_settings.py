"""What a translation run is made of: everything that has to be the same for it to go on."""

from dataclasses import asdict, dataclass, fields
from typing import ClassVar

from coursekit.errors import UserError


@dataclass(frozen=True)
class TranslationSettings:
    """The settings of a run, saved with it.

    Args:
        pairs: path of a file of sentence pairs; None for the phrasebook.
        max_words: int. Pairs with a longer side are left out (of a file).
        cell: "gru", "lstm" or "rnn".
        attention: bool.
        bidirectional: bool, of the encoder.
        num_layers: int.
        embedding_dim: int.
        units: int.
        dropout: float.
        tokenizer: "pieces" (WordPiece) or "words".
        vocabulary_size: int. The most tokens of each language.
        batch_size: int.
        learning_rate: float. The peak.
        warmup_steps: int.
        label_smoothing: float.
        sampled_softmax: int. How many tokens that are in no label of a batch stand for the rest of
            the vocabulary in the training loss; 0 takes the whole vocabulary.
        teacher_forcing: float. Probability that the decoder reads the true token while training.
        minutes: float, or None. The budget of the run, all included; or
        epochs: int, or None.
        evaluations: int. How often it is evaluated.
        seed: int. Of the split, the order, the weights and dropout.
        layers: folder of a student's layers that took part, or None.
    """

    task: ClassVar[str] = "translation"

    pairs: str | None = None
    max_words: int = 10
    cell: str = "gru"
    attention: bool = False
    bidirectional: bool = True
    num_layers: int = 1
    embedding_dim: int = 128
    units: int = 256
    dropout: float = 0.1
    tokenizer: str = "pieces"
    vocabulary_size: int = 5000
    batch_size: int = 64
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    label_smoothing: float = 0.0
    sampled_softmax: int = 512
    teacher_forcing: float = 1.0
    minutes: float | None = None
    epochs: int | None = None
    evaluations: int = 8
    seed: int = 0
    layers: str | None = None

    def __post_init__(self):
        checks = (
            (self.cell in ("gru", "lstm", "rnn"), "cell", "gru, lstm or rnn"),
            (self.tokenizer in ("pieces", "words"), "tokenizer", "pieces or words"),
            (self.max_words >= 1, "max_words", "at least 1"),
            (self.num_layers >= 1, "num_layers", "at least 1"),
            (self.embedding_dim >= 1, "embedding_dim", "at least 1"),
            (self.units >= 1, "units", "at least 1"),
            (self.units % 2 == 0 or not self.bidirectional, "units", "even (or bidirectional off)"),
            (0 <= self.dropout < 1, "dropout", "from 0 to below 1"),
            (self.vocabulary_size >= 5, "vocabulary_size", "at least 5"),
            (self.batch_size >= 1, "batch_size", "at least 1"),
            (0 < self.learning_rate < 1, "learning_rate", "above 0 and below 1"),
            (self.warmup_steps >= 0, "warmup_steps", "at least 0"),
            (0 <= self.label_smoothing < 1, "label_smoothing", "from 0 to below 1"),
            (self.sampled_softmax >= 0, "sampled_softmax", "at least 0"),
            (0 <= self.teacher_forcing <= 1, "teacher_forcing", "from 0 to 1"),
            (self.minutes is None or self.minutes > 0, "minutes", "above 0"),
            (self.epochs is None or self.epochs >= 1, "epochs", "at least 1"),
            (self.evaluations >= 1, "evaluations", "at least 1"),
        )
        for is_right, name, right in checks:
            if not is_right:
                raise UserError(
                    f"--{name.replace('_', '-')} is {right}. Received: {getattr(self, name)}"
                )
        if (self.minutes is None) == (self.epochs is None):
            raise UserError(
                "A run has either --minutes or --epochs. "
                f"Received: minutes={self.minutes}, epochs={self.epochs}"
            )

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> "TranslationSettings":
        """Reads saved settings; raises TypeError if they are of another version."""
        return cls(**values)

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]
