import pytest

from playground.accounting import check_fits, estimate, gigabytes, largest_batch, memory_parts, peak_bytes
from playground.config import ConfigError
from tests.accounting_parts import with_vocabulary


@pytest.mark.parametrize(
    ("name", "free", "words"),
    [
        ("shakespeare-gpu", 10**9, "with accumulate at"),
        ("arena", 55 * 10**7, "a context of"),
        ("gpt2", 29 * 10**8, "a context of"),
        ("gpt2-xl", 20 * 10**9, "layers with a batch of 1"),
        ("gpt2-xl", 10**9, "one layer of d_model"),
        ("gpt2-xl", 10**6, "fewer and narrower"),
    ],
)
def test_what_can_not_fit_is_refused_with_a_change_that_would(name, free, words):
    config = with_vocabulary(name, 50_257, precision="float32")
    found = estimate(config, memory_bytes=free)
    assert not found.fits
    assert words in found.advice
    with pytest.raises(ConfigError, match=words):
        check_fits(config, free)


def test_the_batch_that_is_offered_fits_and_a_step_learns_as_much():
    config = with_vocabulary("shakespeare-gpu", 65, precision="float32")
    free = 10**9
    words = estimate(config, memory_bytes=free).advice.split()
    batch = int(words[words.index("of", words.index("batch")) + 1])
    accumulate = int(words[words.index("at") + 1].rstrip(","))
    assert batch * accumulate >= config.train.batch_size
    check_fits(with_vocabulary("shakespeare-gpu", 65, batch_size=batch, accumulate=accumulate), free)


def test_larger_batches_take_more_and_the_largest_is_the_last_that_fits():
    config = with_vocabulary("fast", 1024)
    assert peak_bytes(config, 1) < peak_bytes(config, 8) < peak_bytes(config, 9)
    assert largest_batch(config, peak_bytes(config, 8)) == 8
    assert largest_batch(config, peak_bytes(config, 8) - 1) == 7
    assert largest_batch(config, 1000) == 0
    assert memory_parts(config, half=True)["total"] < memory_parts(config)["total"]


def test_bytes_in_words():
    assert [gigabytes(n) for n in (1.234e9, 5.6e6, 789e3, 2.5e12)] == [
        "1.23 GB",
        "5.6 MB",
        "789 kB",
        "2,500 GB",
    ]
