"""One column of a study: its specification with what the study file says beside it."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.errors import InputError
from ..data.panel.panel import Panel
from ..data.sample.build import build_design
from ..data.sample.design import Design
from ..data.study.file import StudyFile
from ..data.study.laws import CORRELATED, DEFAULT
from ..data.study.other_regressors import with_instruments
from ..data.study.spec import Errors, Form, Spec
from ..models.priors import Priors, with_overrides


@dataclass(frozen=True)
class SpecView:
    """One specification of a study file, with the defaults of the study filled in.

    Attributes
    ----------
    id : TABLE.COLUMN, such as `T4.2`
    file : the study file that it belongs to
    """

    id: str
    spec: Spec
    file: StudyFile

    @property
    def kind(self) -> str:
        return self.spec.kind

    @property
    def form(self) -> Form:
        return "random" if self.spec.rules.between else self.spec.form or self.file.model.form

    @property
    def errors(self) -> Errors:
        """The law of the errors; [model]'s is for kinds that can have it, without varying slopes."""
        own = self.file.model.errors in self.spec.rules.errors and self.spec.varying is None
        return self.spec.errors or (self.file.model.errors if own else DEFAULT)

    @property
    def entity_effects(self) -> bool:
        """Whether the formula names the entity among its effects."""
        return self.file.study.entity in self.spec.parsed.effects

    @property
    def other_errors(self) -> Errors | None:
        """The law fitted beside the default one; None where the study file names a law, or slopes vary.

        A kind whose law cannot be chosen has the default; [model] names it by naming the default. A law of
        [model] that the kind cannot have names nothing.
        """
        rules, model = self.spec.rules, self.file.model
        in_model = "errors" in model.model_fields_set and model.errors in (rules.errors or (DEFAULT,))
        possible = rules.second_law and self.spec.varying is None
        return CORRELATED if possible and not (self.spec.errors or in_model) else None

    def priors(self, overrides: dict[str, str] | None = None) -> Priors:
        """Defaults, then the study's, then the specification's, then the caller's."""
        return with_overrides(self.file.model.priors, self.spec.priors, overrides or {})

    def design(self, panel: Panel) -> Design:
        """The arrays of this specification on a panel; instruments are its last regressors."""
        spec = with_instruments(self.spec) if self.spec.parsed.endogenous else self.spec
        try:
            return build_design(panel.with_groups(self.file.groups), spec, self.id)
        except InputError as error:
            if self.id in str(error):
                raise
            raise InputError(f"{self.id}: {error}") from None


def views_of(file: StudyFile, only: list[str] | None = None) -> list[SpecView]:
    """The specifications of a study file, or those that are asked for."""
    return [SpecView(name, spec, file) for name, spec in file.chosen(only).items()]
