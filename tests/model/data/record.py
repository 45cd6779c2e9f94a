"""Record `reference.json` from `inputs.json` with llama.cpp, so that it can be made again.

    llama-server -m qwen2.5-coder-0.5b-instruct-q4_k_m.gguf -t 2 -c 2048 --no-repack --port 18080
    python record.py http://127.0.0.1:18080 VERSION qwen2.5-coder-0.5b-instruct-q4_k_m.gguf

Token ids and greedy answers come from llama.cpp alone. Its arithmetic is not CTranslate2's (4 to 8
bit blocks against int8 rows, whose sums saturate a little on CPUs without VNNI), so where the
first two tokens are almost equally likely either may win. So an answer is recorded up to the first
token that leads by less than `DECISIVE_NATS`, a rule that looks at llama.cpp's own numbers only.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from gguf import GGUFReader

DECISIVE_NATS = 1.0
LONGEST = 32
COMMAND = (
    "llama-server -m qwen2.5-coder-0.5b-instruct-q4_k_m.gguf -t 2 -c 2048 --no-repack; POST "
    '/completion {"temperature": 0, "n_predict": 32, "n_probs": 2, "cache_prompt": false}; POST '
    '/tokenize {"add_special": false, "parse_special": false}'
)


def main(server: str, version: str, file: str) -> None:
    """Ask `server` and write `reference.json` beside this file; `file` spells the ids."""

    def ask(path: str, body: dict[str, Any]) -> Any:
        data = json.dumps(body).encode()
        with urllib.request.urlopen(server + path, data) as answer:  # noqa: S310 - given by hand
            return json.load(answer)

    def ids(text: str, *, control: bool = False) -> list[int]:
        body = {"content": text, "add_special": False, "parse_special": control}
        tokens: list[int] = ask("/tokenize", body)["tokens"]
        return tokens

    here = Path(__file__).parent
    inputs = json.loads((here / "inputs.json").read_text(encoding="utf-8"))
    greedy = []
    for item in inputs["prompts"]:
        prompt, after = ids(item["before"]), item["after"]
        if after is not None:
            prompt = [
                *ids("<|fim_prefix|>", control=True),
                *prompt,
                *ids("<|fim_suffix|>", control=True),
                *ids(after),
                *ids("<|fim_middle|>", control=True),
            ]
        body = {
            "prompt": prompt,
            "temperature": 0,
            "n_predict": LONGEST,
            "n_probs": 2,
            "cache_prompt": False,
            "return_tokens": True,
        }
        answer = ask("/completion", body)
        tokens: list[int] = []
        leads: list[float] = []
        for step in answer["completion_probabilities"]:
            first, second = step["top_logprobs"][:2]
            lead = first["logprob"] - second["logprob"]
            if lead < DECISIVE_NATS:
                break
            tokens.append(first["id"])
            leads.append(round(lead, 2))
        greedy.append(
            {
                "name": item["name"],
                "prompt": prompt,
                "tokens": tokens,
                "lead_nats": leads,
            }
        )
    result: dict[str, Any] = {
        "recorded_with": {
            "program": f"llama.cpp {version}",
            "commands": COMMAND,
            "rule": f"{LONGEST} tokens, cut before one that leads by under {DECISIVE_NATS} nats",
        },
        "tokenization": [{"text": text, "ids": ids(text)} for text in inputs["texts"]],
        "greedy": greedy,
    }
    used = {index for item in result["tokenization"] for index in item["ids"]}
    used.update(index for item in greedy for index in [*item["prompt"], *item["tokens"]])
    spelling = GGUFReader(file).fields["tokenizer.ggml.tokens"]
    result["spelled"] = {str(index): spelling.contents(index) for index in sorted(used)}
    path = here / "reference.json"
    path.write_text(json.dumps(result, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
