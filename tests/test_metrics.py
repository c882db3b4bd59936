import numpy as np
import pytest

from hlsexplore.errors import DataError
from hlsexplore.metrics import (
    Interval,
    accuracy,
    accuracy_interval,
    agreement,
    agreement_interval,
    auc,
    auc_interval,
    bootstrap_interval,
    decisions,
    relative_error,
    relative_error_interval,
    rmse,
    rmse_interval,
    spread,
    wilson_interval,
)
from hlsexplore.task import Task, TaskKind


def test_accuracy_is_the_same_for_integer_column_and_one_hot_labels() -> None:
    y = np.array([[0.1, 0.9, 0.0], [0.8, 0.1, 0.1], [0.2, 0.3, 0.5], [0.9, 0.0, 0.1]])
    labels = np.array([1, 0, 2, 2])
    assert accuracy(y, labels) == 0.75
    assert accuracy(y, labels[:, np.newaxis]) == 0.75
    assert accuracy(y, np.eye(3)[labels]) == 0.75
    assert accuracy(y, labels.astype(np.float32)) == 0.75


def test_accuracy_counts_every_position_of_a_sequence() -> None:
    y = np.array([[[0.1, 0.9], [0.9, 0.1]], [[0.1, 0.9], [0.1, 0.9]]])
    assert accuracy(y, [[1, 0], [0, 1]]) == 0.75


def test_decisions_take_the_first_of_equal_outputs_and_a_threshold_for_one_output() -> None:
    np.testing.assert_array_equal(decisions([[1.0, 1.0, 0.0]]), [0])
    np.testing.assert_array_equal(decisions([[0.5], [0.51]]), [0, 1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2], "labels must be class numbers from 0 to 1, not 2."),
        ([0, -1, 1], "labels must be class numbers from 0 to 1, not -1."),
        ([0, 0.5, 1], "labels must be class numbers from 0 to 1, not 0.5."),
        ([0, np.nan, 1], "1 of 3 labels are NaN or infinite"),
        ([0, 1], "labels of shape (2,) do not fit outputs of shape (3, 2)."),
        ([[1, 1], [0, 1], [1, 0]], "must be one-hot rows"),
        ([[0.3, 0.7], [0, 1], [1, 0]], "must be one-hot rows"),
        ([[0, 0], [0, 1], [1, 0]], "must be one-hot rows"),
        (["a", "b", "c"], "the labels are texts such as 'a'."),
    ],
)
def test_accuracy_names_labels_that_do_not_fit(labels, message: str) -> None:
    with pytest.raises(DataError) as caught:
        accuracy(np.zeros((3, 2)), labels)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((0, 3)), "outputs must have a shape (samples, classes) without a 0, not (0, 3)."),
        (np.zeros(3), "not (3,)."),
        (np.array([[0.0, np.nan]]), "1 of 2 outputs are NaN."),
        ((np.zeros((1, 2)), np.zeros((1, 2))), "the model has 2 outputs"),
    ],
)
def test_accuracy_names_outputs_that_are_none(y, message: str) -> None:
    with pytest.raises(DataError) as caught:
        accuracy(y, [0])
    assert message in str(caught.value)


def test_a_task_says_how_outputs_decide() -> None:
    y = np.array([[0.2], [0.6], [-0.1]])
    above = Task(kind=TaskKind.BINARY, threshold=0.0)
    assert accuracy(y, [1, 1, 0]) == pytest.approx(2 / 3) and accuracy(y, [1, 1, 0], above) == 1.0
    assert agreement(y, -y, above) == 0.0
    several, rows = Task(kind=TaskKind.MULTILABEL), np.array([[0.9, 0.8], [0.1, 0.7], [0.2, 0.3]])
    assert decisions(rows, several).tolist() == [[1, 1], [0, 1], [0, 0]]
    assert accuracy(rows, [[1, 1], [1, 1], [0, 0]], several) == pytest.approx(5 / 6)
    assert auc(rows, [[1, 1], [0, 1], [0, 0]], several) == 1.0
    with pytest.raises(DataError, match="regression decides nothing"):
        decisions(rows, Task(kind=TaskKind.REGRESSION))


def test_several_decisions_of_a_sample_are_one_try_of_its_interval() -> None:
    y = np.zeros((40, 25, 2))
    y[:, :20, 1] = 1.0
    labels = np.ones((40, 25), dtype=int)
    assert accuracy(y, labels) == 0.8
    assert accuracy_interval(y, labels) == wilson_interval(32, 40)


def test_relative_error_is_one_where_every_output_is_the_mean() -> None:
    rng = np.random.default_rng(5)
    reference = rng.normal(300, 7, (1000, 3))
    assert relative_error(np.broadcast_to(reference.mean(axis=0), (1000, 3)), reference) == pytest.approx(1.0)
    assert relative_error(reference, reference) == 0.0
    saturated = np.full_like(reference, 31.999)
    assert relative_error(saturated, reference) > 30
    shifted = relative_error_interval(reference + 0.7, reference)
    assert shifted.lower == pytest.approx(shifted.upper) == pytest.approx(0.7 / spread(reference))


def test_spread_of_constant_values_is_their_magnitude() -> None:
    assert spread(np.full((5, 2), -3.0)) == 3.0
    assert spread(np.full((5, 1), 0.1)) == pytest.approx(0.1)
    assert spread(np.zeros((5, 1))) == 1.0
    assert spread([[4.0]]) == 4.0


def test_agreement_compares_decisions_and_not_values() -> None:
    y = np.array([[0.1, 0.9], [0.6, 0.4]])
    assert agreement(y, y * 0.5) == 1.0
    assert agreement(y, y[:, ::-1]) == 0.0
    with pytest.raises(DataError, match="cannot be compared"):
        agreement(y, y[:1])


def test_wilson_interval_is_the_published_one() -> None:
    interval = wilson_interval(81, 263)
    assert (round(interval.lower, 4), round(interval.upper, 4)) == (0.2553, 0.3662)
    zero, all_ = wilson_interval(0, 20), wilson_interval(20, 20)
    assert zero.lower == 0.0
    assert round(zero.upper, 4) == 0.1611
    assert (round(all_.lower, 4), all_.upper) == (0.8389, 1.0)
    for counts in ((1, 0), (-1, 5), (6, 5)):
        with pytest.raises(DataError):
            wilson_interval(*counts)


def test_wilson_interval_covers_the_true_share_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = rng.binomial(400, 0.93, 2000)
    intervals = [wilson_interval(int(count), 400) for count in hits]
    covered = np.mean([item.lower <= 0.93 <= item.upper for item in intervals])
    assert 0.93 < covered < 0.97


def test_accuracy_and_agreement_intervals_are_wilson_intervals() -> None:
    y, labels = np.eye(4)[[0, 1, 2, 3]], [0, 1, 2, 0]
    assert accuracy_interval(y, labels) == wilson_interval(3, 4)
    assert agreement_interval(y, y, level=0.5) == wilson_interval(4, 4, 0.5)


def test_auc_equals_the_share_of_ordered_pairs_with_ties_as_halves() -> None:
    rng = np.random.default_rng(1)
    scores, labels = rng.integers(0, 6, 60).astype(float), rng.integers(0, 2, 60)
    positive, negative = scores[labels == 1], scores[labels == 0]
    pairs = (positive[:, None] > negative).sum() + 0.5 * (positive[:, None] == negative).sum()
    assert auc(scores[:, None], labels) == pytest.approx(pairs / (len(positive) * len(negative)), rel=1e-12)


def test_auc_of_two_columns_uses_their_difference_and_of_more_the_mean_over_classes() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 50)
    scores = rng.normal(labels, 1.0)
    assert auc(np.c_[-scores, scores], labels) == auc(scores[:, None], labels)
    y, three = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    single = [auc(y[:, [c]], three == c) for c in range(3)]
    assert auc(y, three) == pytest.approx(np.mean(single), rel=1e-12)
    with pytest.raises(DataError, match="at least two classes"):
        auc(scores[:, None], np.zeros(50))


def test_auc_interval_covers_as_often_as_it_says_and_agrees_with_the_bootstrap() -> None:
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        labels = rng.integers(0, 2, 150)
        interval = auc_interval(rng.normal(labels, 1.0)[:, None], labels)
        covered.append(interval.lower <= 0.7602 <= interval.upper)
    assert 0.91 < np.mean(covered) < 0.98
    labels = rng.integers(0, 3, 400)
    y = rng.normal(size=(400, 3)) + np.eye(3)[labels]
    ours, boot = auc_interval(y, labels), bootstrap_interval(auc, y, labels, rng=rng, num_resamples=400)
    assert ours.upper - ours.lower == pytest.approx(boot.upper - boot.lower, rel=0.15)


def test_rmse_and_its_interval() -> None:
    assert rmse([[1.0], [3.0]], [1.0, 1.0]) == pytest.approx(np.sqrt(2))
    assert rmse_interval(np.ones(5), np.ones(5)) == Interval(0.0, 0.0)
    rng = np.random.default_rng(4)
    y, wanted = rng.normal(size=(500, 2)), np.zeros((500, 2))
    ours, boot = rmse_interval(y, wanted), bootstrap_interval(rmse, y, wanted, rng=rng, num_resamples=500)
    assert ours.lower == pytest.approx(boot.lower, abs=0.01)
    assert ours.upper == pytest.approx(boot.upper, abs=0.01)
    with pytest.raises(DataError, match="cannot be compared"):
        rmse([1.0], [1.0, 2.0])


def test_bootstrap_interval_is_the_same_for_the_same_generator() -> None:
    values = np.arange(30.0)
    first = bootstrap_interval(np.mean, values, rng=np.random.default_rng(5))
    assert first == bootstrap_interval(np.mean, values, rng=np.random.default_rng(5))
    assert first.lower < 14.5 < first.upper
    with pytest.raises(DataError, match="arrays of one length"):
        bootstrap_interval(np.mean, values, values[1:], rng=np.random.default_rng(5))
    with pytest.raises(DataError, match="confidence level"):
        wilson_interval(1, 2, level=1.0)
