"""Golden data of tokenizer.test.ts, by Hugging Face's tokenizers (pip install tokenizers).

    python make.py base > base.json            a small byte-level BPE tokenizer
    (write extended.json: extendTokenizerJson(base, the test's vocabulary))
    python make.py encode extended.json > encoded.json
"""
import json
import sys

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

if sys.argv[1] == "base":
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    corpus = ["A picture of a cat and the sound of the cat.", "Describe the picture: a cat sat."] * 4
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    print(tokenizer.to_str())
else:
    tokenizer = Tokenizer.from_file(sys.argv[2])
    texts = [
        "A picture: <|image/x|><|size:0|><|size:1|><|size:0|><|size:2|><|image/x:0:3|><|image/x:0:15|><|/image/x|> of a cat.",
        "<|sound/y:0:7|><|sound/y:1:0|> <|sound/y:1:4|>the<|endoftext|>",
        "<|image/x:0:16|><|image/x|",
    ]
    rows = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        rows.append({
            "text": text,
            "ids": ids,
            "decoded": tokenizer.decode(ids, skip_special_tokens=False),
            "withoutSpecial": tokenizer.decode(ids, skip_special_tokens=True),
        })
    size = tokenizer.get_vocab_size()
    print(json.dumps({"tokenizers": tokenizers.__version__, "size": size, "rows": rows}, indent=1))
