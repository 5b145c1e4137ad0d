import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as LibraryTokenizer

from playground.tokenizers import TokenizerError, build_tokenizer, byte_alphabet, load_tokenizer
from playground.tokenizers.pretrained import PretrainedTokenizer

TEXTS = ["the little cat sat on the mat", "naïve café 😀", "the dog sat"] * 20


def byte_level() -> LibraryTokenizer:
    """A tokenizer in the manner of Qwen and Llama 3: special tokens, and one that is not special."""
    library = LibraryTokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=sorted(byte_alphabet().values()),
        special_tokens=["<|end|>", "<|pad|>"],
        show_progress=False,
    )
    library.train_from_iterator(TEXTS, trainer)
    library.add_tokens([AddedToken("<tool>", special=False)])
    return library


def sentencepiece() -> LibraryTokenizer:
    """A tokenizer in the manner of Llama 2: ▁ for blanks, bytes as <0xNN>."""
    vocabulary = {"<unk>": 0, "</s>": 1, **{f"<0x{byte:02X}>": 2 + byte for byte in range(256)}}
    vocabulary |= {"▁": 258, "a": 259, "t": 260, "at": 261, "▁at": 262}
    model = models.BPE(vocabulary, [("a", "t"), ("▁", "at")], unk_token="<unk>", byte_fallback=True)
    library = LibraryTokenizer(model)
    library.normalizer = normalizers.Replace(" ", "▁")
    library.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    library.add_special_tokens(["</s>"])
    return library


KINDS = {"byte level": (byte_level, "<|end|>"), "sentencepiece": (sentencepiece, "</s>")}
BUILT = {name: PretrainedTokenizer(build(), name, end) for name, (build, end) in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
@settings(deadline=None)
def test_pieces_are_the_bytes_of_any_text(kind, text):
    tokenizer = BUILT[kind]
    text = text.replace("▁", "_")  # the sign itself can't be told from a blank
    ids = tokenizer.encode(text)
    assert b"".join(map(tokenizer.piece, ids)) == text.encode()
    assert tokenizer.decode(ids) == text
    assert [batch.tolist() for batch in tokenizer.encode_batch([text])] == [ids]


def test_special_tokens_typed_by_a_person_are_text():
    tokenizer = BUILT["byte level"]
    ids = tokenizer.encode("a<|end|>b")
    assert tokenizer.end_id not in ids
    assert tokenizer.decode(ids) == "a<|end|>b"
    assert tokenizer.label(tokenizer.end_id) == "<|end|>"
    assert tokenizer.label(1) == "<|pad|>"
    assert tokenizer.piece(1) == b""


def test_a_token_added_by_hand_keeps_its_text():
    tokenizer = BUILT["byte level"]
    ids = tokenizer.encode("a<tool>b")
    assert b"<tool>" in [tokenizer.piece(i) for i in ids]


def test_without_an_end_token_it_gets_one():
    tokenizer = PretrainedTokenizer(byte_level(), "own", None)
    assert tokenizer.end_id == tokenizer.d_vocab - 1
    assert tokenizer.d_vocab == BUILT["byte level"].d_vocab + 1
    assert tokenizer.piece(tokenizer.end_id) == b""


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_without_its_source(tmp_path, kind):
    tokenizer = BUILT[kind]
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.encode("at the cat <|end|>") == tokenizer.encode("at the cat <|end|>")
    assert (loaded.spec, loaded.d_vocab, loaded.end_id) == (
        tokenizer.spec,
        tokenizer.d_vocab,
        tokenizer.end_id,
    )


def test_a_local_folder_is_opened_by_its_name(tmp_path):
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(tokenizer_object=byte_level(), eos_token="<|end|>").save_pretrained(tmp_path)
    tokenizer = build_tokenizer(f"hf:{tmp_path}", [], end_token=False)
    assert tokenizer.encode("the cat") == BUILT["byte level"].encode("the cat")
    assert tokenizer.end_id == BUILT["byte level"].end_id


def test_a_folder_without_a_tokenizer_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(TokenizerError, match="can't be loaded|no such folder") as caught:
        build_tokenizer(f"hf:{tmp_path}", [], end_token=False)
    assert "\n" not in str(caught.value)


def test_hf_without_a_name_is_refused():
    with pytest.raises(TokenizerError, match="needs the name"):
        build_tokenizer("hf:", [], end_token=False)
