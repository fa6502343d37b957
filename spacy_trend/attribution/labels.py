"""The scores of all labels in parts at once, from which those of any margin follow."""

from dataclasses import dataclass

from ..types import Ints
from .interface import Attribution, Label, Parts
from .margins import Scores, margin_of


@dataclass(frozen=True)
class LabelAttribution:
    """The scores of all labels of a text in parts, one for each word and label.

    Attributes:
        classifier: whose scores they are.
        words: int64 `(words,)`, the words' positions among the doc's tokens, ascending.
        texts: the words.
        parts: float64 `(words, labels)`. With the biases, those of a label add up to its score.
        biases: float64 `(labels,)`, the scores of a vector of zeros.
        scores: float64 `(labels,)`.
        vector: float64 `(width,)`, the text's.
    """

    classifier: Scores
    words: Ints
    texts: tuple[str, ...]
    parts: Parts
    biases: Parts
    scores: Parts
    vector: Parts

    def margin(self, label: Label | None = None, against: Label | None = None) -> Attribution:
        """Return the attribution of one label's score, or of by how much it leads another's.

        Args:
            label: as for `attribute_prediction`.
            against: likewise.

        Raises:
            ValueError: for a label that the classifier does not have, two equal ones, or any of a regressor.
        """
        margin = margin_of(self.classifier, self.vector, label, against)
        return Attribution(
            self.words,
            self.texts,
            self.parts @ margin.factors,
            float(self.biases @ margin.factors),
            float(self.scores @ margin.factors),
            label=margin.label,
            against=margin.against,
        )

    def leads(self) -> Parts:
        """Return the words' parts of by how much each label leads the mean of the others.

        Returns:
            float64 `(words, labels)`; of labels that do not exclude each other, the parts of their scores.
        """
        others = len(self.classifier.predicted(self.vector)) - 1
        if others < 1:
            return self.parts
        sums = self.parts.sum(axis=1, keepdims=True)
        leads: Parts = self.parts - (sums - self.parts) / others
        return leads

    @property
    def predicted(self) -> Label:
        """The label that the classifier predicts."""
        return self.classifier.labels[self.classifier.predicted(self.vector)[0]]
