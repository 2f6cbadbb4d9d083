"""An import contract that import-linter lacks: a package may import what is listed and no more."""

from __future__ import annotations

from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowList(Contract):
    """`package` imports itself and `allowed`, directly, and nothing else.

    A list of what is forbidden would have to name the whole world. Packages of the standard
    library and of others are told by their first name: `collections` allows `collections.abc`.
    """

    type_name = "allow_list"

    package = fields.StringField()
    allowed = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        package, allowed = cast(str, self.package), cast(set[str], self.allowed)
        own = {package, *graph.find_descendants(package)}
        strays = [
            f"{importer} must not import {imported}"
            for importer in sorted(own)
            for imported in sorted(graph.find_modules_directly_imported_by(importer) - own)
            if imported not in allowed
        ]
        return ContractCheck(kept=not strays, metadata={"strays": strays})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for stray in check.metadata["strays"]:
            output.print_error(stray)
