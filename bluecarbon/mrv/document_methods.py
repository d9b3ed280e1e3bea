"""How a project was measured, in sentences, from what its project file declares."""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon.mrv.document_blocks import Block, Text
from bluecarbon.mrv.document_words import Words, pair_of
from bluecarbon.mrv.evidence import Evidence
from bluecarbon.project import Inventory, ProjectFile


def methods(evidence: Evidence, words: Words) -> Iterator[Block]:
    """One paragraph for each kind of measurement that the project has."""
    declared = evidence.report.declared
    yield from _maps(declared, words)
    if declared.mapping.candidates is not None:
        yield Text(words.say("methods_candidates"))
    if declared.reference is not None:
        confidence = f"{100 * declared.reference.confidence:g} %"
        points = len(evidence.table("reference_points"))
        yield Text(words.say("methods_reference", confidence=confidence, points=points))
    else:
        yield Text(words.say("methods_no_reference"))
    if declared.inventory is not None:
        yield from _trees(declared.inventory, evidence, words)
    if declared.soil is not None:
        cores = len(evidence.table("soil_cores"))
        depth = f"{declared.soil.reference_depth_cm:g}"
        yield Text(words.say("methods_soil", cores=cores, depth=depth))
    yield from _rule_book(evidence, words)


def _maps(declared: ProjectFile, words: Words) -> Iterator[Block]:
    if declared.imagery is None:
        yield Text(words.say("methods_class_maps"))
        return
    dates = sorted(scene.date for scene in declared.imagery.scene)
    if dates:
        statistic = pair_of("statistic", declared.imagery.composite)
        first, last = dates[0], dates[-1]
        said = words.say(
            "methods_scenes", count=len(dates), first=first, last=last, statistic=statistic
        )
        yield Text(said)
    mapping = declared.mapping
    key = f"methods_{mapping.method.replace('-', '_')}"
    yield Text(words.say(key, trees=mapping.trees, seed=mapping.seed))


def _trees(inventory: Inventory, evidence: Evidence, words: Words) -> Iterator[Block]:
    plots = evidence.table("plots")
    count = plots["plot_id"].nunique() if len(plots) else 0
    yield Text(words.say("methods_trees", plots=count, equation=inventory.allometry))
    yield Text(words.say(f"methods_out_of_range_{inventory.out_of_range}"))


def _rule_book(evidence: Evidence, words: Words) -> Iterator[Block]:
    claim = evidence.report.quantification
    if claim is None:
        return
    documents = dict.fromkeys(step.document for step in claim.trace)
    listed = "; ".join(documents)
    yield Text(words.say("methods_rule_book", book=claim.methodology_title, documents=listed))
