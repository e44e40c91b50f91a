"""NodePiece's tokens by PyKEEN, timed: python pykeen_bench.py triples.tsv anchors k d searcher.

One JSON object on standard output: seconds of reading, of choosing anchors, of the search for the nearest
anchors and of relations.
"""

import importlib.metadata
import json
import sys
import time

import numpy
from pykeen.nn.node_piece import (
    AnchorTokenizer,
    MixtureAnchorSelection,
    RelationTokenizer,
    anchor_searcher_resolver,
)
from pykeen.utils import get_edge_index
from pykeen.triples import TriplesFactory

path, anchors, k, d, searcher = sys.argv[1:6]
times = {}


def timed(name, work):
    start = time.perf_counter()
    result = work()
    times[name] = time.perf_counter() - start
    return result


factory = timed("read", lambda: TriplesFactory.from_path(path, create_inverse_triples=False))
numpy.random.seed(0)
edges = get_edge_index(mapped_triples=factory.mapped_triples).numpy()


def select(names, ratios):
    mixture = MixtureAnchorSelection(selections=names, ratios=ratios, num_anchors=int(anchors))
    return mixture(edge_index=edges)


mix = "degree 0.4, pagerank 0.4, random 0.2"
try:
    chosen = timed("anchors", lambda: select(["degree", "pagerank", "random"], [0.4, 0.4, 0.2]))
except ValueError:
    # torch-ppr sums columns in float32 and refuses those of hubs.
    mix = "degree 0.8, random 0.2 (its PageRank fails on hubs)"
    chosen = timed("anchors", lambda: select(["degree", "random"], [0.8, 0.2]))
search = anchor_searcher_resolver.make(searcher)
found = timed(
    "nearest",
    lambda: search(edge_index=edges, anchors=chosen, k=int(k), num_entities=factory.num_entities),
)
relations = timed(
    "relations",
    lambda: RelationTokenizer()(
        mapped_triples=factory.mapped_triples,
        num_tokens=int(d),
        num_entities=factory.num_entities,
        num_relations=factory.num_relations,
    ),
)
print(
    json.dumps(
        {
            "version": importlib.metadata.version("pykeen"),
            "searcher": searcher,
            "mix": mix,
            "nodes": factory.num_entities,
            "edges": factory.num_triples,
            "anchors": len(chosen),
            **times,
        }
    )
)
