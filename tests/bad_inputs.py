"""Kinds of bad input: what is done to a good folder, the command, and what its sentence must name."""

from __future__ import annotations

import numpy as np
import openpyxl
import pandas as pd

from .papers import HEAD, HEADER

SPECS = '[spec."T1.1"]\nformula = "y ~ x1 + x2 | city + year"\n'
ROWS = "T1,1,x1,0.5,0.1,,***,,,,84,,y,\n"
STUDY, PUBLISHED = HEAD + SPECS, HEADER + ROWS


def in_study(old: str, new: str):
    return lambda d: (d / "study.toml").write_text(STUDY.replace(old, new), encoding="utf-8")


def in_published(old: str, new: str):
    return lambda d: (d / "published.csv").write_text(PUBLISHED.replace(old, new), encoding="utf-8")


def panel(change):
    def write(d):
        frame = pd.read_csv(d / "panel.csv")
        changed = change(frame)
        (frame if changed is None else changed).to_csv(d / "panel.csv", index=False)

    return write


def cell(row: int, column: str, value):
    def change(frame):
        frame[column] = frame[column].astype(object)
        frame.loc[row - 2, column] = value

    return panel(change)


def gbk(name: str):
    return lambda d: (d / name).write_bytes(
        (d / name).read_text().replace("c01", "北京").replace("SYNTHETIC", "北京").encode("gbk")
    )


def merged_excel(d):
    book = openpyxl.Workbook()
    book.active.append(["city", "year", "y", None])
    book.active.merge_cells("C1:D1")
    book.active.append(["a", 2000, 1.0, 2.0])
    book.save(d / "panel.xlsx")


def excel(*rows):
    def write(d):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(list(row))
        book.save(d / "panel.xlsx")

    return write


RUN = ["run", "study.toml", "--panel", "panel.csv"]
XLSX = ["run", "study.toml", "--panel", "panel.xlsx"]
TABLES = ["run", "study.toml"]

# name: (what to do to a good folder, the command, what the sentence must name)
CASES = {
    # study files
    "study does not exist": (None, ["run", "nowhere.toml"], ["nowhere.toml", "does not exist"]),
    "study name unknown": (None, ["run", "munell-1990"], ["munnell-1990"]),
    "study is a folder without a study": (
        lambda d: (d / "empty").mkdir(), ["run", "empty"], ["empty", "folder"]),
    "broken TOML": (in_study("[study]", "[study"), TABLES, ["study.toml", "TOML", "line"]),
    "study in Latin-1": (
        lambda d: (d / "study.toml").write_bytes(STUDY.replace("SYNTHETIC", "Goodyéar").encode("latin-1")),
        TABLES, ["study.toml", "is not UTF-8: save"]),
    "study in GBK": (gbk("study.toml"), TABLES, ["study.toml", "GBK", "UTF-8"]),
    "study key unknown": (in_study("title =", "titel ="), TABLES, ["titel", "title"]),
    "study key missing": (in_study('entity = "city"\n', ""), TABLES, ["study.entity", "missing"]),
    "entity with a reserved name": (in_study('"city"', '"draw"'), TABLES, ["draw", "reserved"]),
    "entity named as a variable of the models": (
        in_study('"city"', '"sigma"'), TABLES, ["sigma", "reserved"]),
    "entity with a slash": (in_study('"city"', '"city/town"'), TABLES, ["city/town", "'/'"]),
    "periods that end before they begin": (
        in_study("[spec", "periods = [2006, 2000]\n[spec"), TABLES, ["2006", "first and last"]),
    "TOML nested too deeply": (
        in_study("[study]", "a = " + "[" * 5000 + "\n[study]"), TABLES, ["study.toml", "deeply"]),
    "TOML with an endless number": (
        in_study("[study]", "a = " + "9" * 5000 + "\n[study]"), TABLES, ["study.toml", "digits"]),
    "published outside the folder": (
        in_study('"published.csv"', '"../../published.csv"'), TABLES, ["../../published.csv", "outside"]),
    "effect twice": (in_study("| city + year", "| city + city"), TABLES, ["effect", "twice"]),
    "step that lags nothing": (
        in_study("formula", "steps = [ { lag = {} } ]\nformula"), TABLES, ["lag", "at least one"]),
    "step that drops no value": (
        in_study("formula", "steps = [ { drop = { city = [] } } ]\nformula"),
        TABLES, ["drop", "at least one"]),
    "lag of a key": (
        in_study("formula", "steps = [ { lag = { year = 1 } } ]\nformula"), RUN, ["year", "key"]),
    "lag of another column": (
        in_study("formula", "steps = [ { lag = { region = 1 } } ]\nformula"), RUN, ["region", "formula"]),
    "entity and time the same": (in_study('"city"', '"year"'), TABLES, ["year", "two columns"]),
    "spec key unknown": (in_study("formula =", "formule ="), TABLES, ["formule", "formula"]),
    "spec id without a column": (in_study('"T1.1"', '"T1"'), TABLES, ["T1", "TABLE.COLUMN"]),
    "spec kind unknown": (in_study("formula", 'kind = "iv"\nformula'), TABLES, ["kind", "iv"]),
    "spec without printed numbers": (in_study('"T1.1"', '"T2.1"'), TABLES, ["T2.1", "published.csv"]),
    "formula that calls Python": (
        in_study("y ~ x1", "y ~ __import__('os').remove('x')"), TABLES, ["study.toml", "formula"]),
    "formula with another function": (in_study("y ~ x1", "y ~ exp(x1)"), TABLES, ["exp", "log()"]),
    "formula with a number": (in_study("y ~ x1", "y ~ 1"), TABLES, ["'1'"]),
    "effects of something else": (in_study("| city + year", "| town"), RUN, ["town", "entity"]),
    "step that does not exist": (
        in_study("formula", "steps = [ { trim = 0.1 } ]\nformula"), TABLES, ["trim"]),
    "winsorise with wrong quantiles": (
        in_study("formula", "steps = [ { winsorise = [0.9, 0.1] } ]\nformula"),
        TABLES, ["winsorise", "low < high"]),
    "drop of an entity that is not there": (
        in_study("formula", 'steps = [ { drop = { city = ["C01"] } } ]\nformula'), RUN, ["C01", "c01"]),
    "prior that is code": (in_study("formula", 'priors = { slope = "exec(1)" }\nformula'), TABLES, ["exec"]),
    "prior with a negative scale": (
        in_study("formula", 'priors = { slope = "normal(0, -1)" }\nformula'), TABLES, ["sigma", "-1"]),
    "prior name unknown": (
        in_study("formula", 'priors = { slpe = "normal(0, 1)" }\nformula'), TABLES, ["slpe", "slope"]),
    "panel file outside the folder": (
        in_study("[spec", '[panel]\nfile = "../../etc/passwd.csv"\n[spec'), TABLES, ["outside"]),
    "data set unknown": (
        in_study("[spec", '[panel]\ndataset = "munel"\n[spec'), TABLES, ["munel", "munnell"]),
    "treatment of no mediation": (
        in_study("formula", 'treatment = "x1"\nformula'),
        TABLES, ["'treatment'", "'mediation'", "'effects'", "remove"]),
    "mediator without a kind, misspelt": (
        in_study("formula", 'mediator = "x3"\nformula'), RUN, ["T1.1", "mediator 'x3'", "regressor"]),
    "formula of a column that the panel lacks": (
        in_study("x2 |", "x3 |"), RUN, ["T1.1", "panel.csv", "'x3'"]),
    "published coefficient misspelt, without its error": (
        lambda d: (in_study("x2", "capital")(d), panel(lambda f: f.assign(capital=f.x2))(d),
                   in_published(ROWS, ROWS + "T1,1,captial,0.3,,,,,,,84,,y,\n")(d)),
        RUN, ["T1.1.captial", "'capital'"]),
    "published with a decimal comma": (
        in_published("0.5,0.1", '"0,5",0.1'), TABLES, ["'0,5'", "decimal point"]),
    "panel with a decimal comma": (
        cell(5, "x1", "4,046"), RUN, ["row 5", "'4,046'", "not a number; write a decimal point"]),
    "time between two years": (cell(5, "year", 2001.5), RUN, ["row 5", ": '2001.5' is not a whole number"]),
    "cluster column absent": (
        in_study("formula", 'vcov = { cluster = "regoin" }\nformula'), RUN, ["regoin", "region"]),
    "cluster with one value": (
        lambda d: (in_study("formula", 'vcov = { cluster = "region" }\nformula')(d),
                   panel(lambda f: f.assign(region=1))(d)),
        RUN, ["region", "one value"]),
    "slopes that vary by no column": (
        in_study("formula", 'varying = { by = "regoin" }\nformula'), RUN, ["regoin", "region"]),
    "slopes that vary by the time": (
        in_study("formula", 'varying = { by = "year" }\nformula'), RUN, ["'year'", "more than one"]),
    "varying term outside the formula": (
        in_study("formula", 'varying = { by = "region", terms = ["x3"] }\nformula'), TABLES, ["'x3'", "x1"]),
    "varying slopes in one group": (
        lambda d: (in_study("formula", 'varying = { by = "region" }\nformula')(d),
                   panel(lambda f: f.assign(region=1))(d)),
        RUN, ["region", "1 groups", "from 2"]),
    "varying slopes of a blank group": (
        lambda d: (in_study("formula", 'varying = { by = "region" }\nformula')(d), cell(5, "region", "")(d)),
        RUN, ["row 5", "region", "fill"]),
    "varying slopes without entity effects": (
        lambda d: (d / "study.toml").write_text(
            STUDY.replace("city + year\"", "year\"")
            .replace("formula", 'varying = { by = "region" }\nformula')),
        RUN, ["region", "effects of 'city'"]),
    # printed numbers
    "grouping with a name that is taken": (
        in_study("[spec", '[groups.time]\neast = ["c01"]\n[spec'), TABLES, ["groups.time", "taken"]),
    "group without members": (
        in_study("[spec", '[groups.zone]\nnorth = ["c01"]\nsouth = []\n[spec'),
        TABLES, ["groups.zone", "'south'", "no members"]),
    "published missing": (
        lambda d: (d / "published.csv").unlink(), TABLES, ["published.csv", "does not exist"]),
    "published in GBK": (
        lambda d: (d / "published.csv").write_bytes(
            (PUBLISHED + "T1,1,x2,1,1,,,,,,,,y,北京\n").encode("gbk")),
        TABLES, ["published.csv", "row 3", "GBK"]),
    "published empty": (lambda d: (d / "published.csv").write_text(""), TABLES, ["published.csv", "empty"]),
    "published without rows": (in_published("T1,1,x1,0.5,0.1,,***,,,,84,,y,\n", ""), TABLES, ["no rows"]),
    "published column missing": (in_published("std_error", "std_err"), TABLES, ["std_error", "std_err"]),
    "published text for a number": (in_published("0.5,", "0.5***,"), TABLES, ["row 2", "estimate", "0.5***"]),
    "published too large": (in_published("0.5,", "1e301,"), TABLES, ["row 2", "1e301"]),
    "published too small": (in_published("0.5,", "1e-301,"), TABLES, ["row 2", "1e-301"]),
    "published quote never closed": (
        in_published("0.5,", '"0.5,'), TABLES, ["published.csv", "row 2", "quotes"]),
    "published cell too large": (
        in_published("y,\n", "y," + "a" * 140_000 + "\n"), TABLES, ["row 2", "shorten"]),
    "published column twice": (
        in_published("r2,outcome,note", "r2,outcome,note,r2"), TABLES, ["'r2'", "twice"]),
    "published infinite": (in_published("0.5,", "inf,"), TABLES, ["row 2", "inf"]),
    "published negative standard error": (in_published("0.1,", "-0.1,"), TABLES, ["std_error", "negative"]),
    "published stars unknown": (in_published("***", "+"), TABLES, ["stars", "'+'"]),
    "published twice": (
        in_published("y,\n", "y,\nT1,1,x1,0.5,0.1,,***,,,,84,,y,\n"), TABLES, ["row 3", "T1.1.x1"]),
    "published interval upside down": (in_published("***,,,", "***,2,1,"), TABLES, ["ci_low", "ci_high"]),
    "published ragged": (in_published("84,,y,", "84,,y,a,b"), TABLES, ["row 2", "cells"]),
    "published dot in a column": (in_published("T1,1,", "T1,1.2,"), TABLES, ["column", "1.2"]),
    "published term outside the formula": (in_published("x1", "x9"), RUN, ["x9", "T1.1"]),
    # panels
    "panel does not exist": (None, ["run", "study.toml", "--panel", "panl.csv"], ["panl.csv", "panel.csv"]),
    "panel is a folder": (lambda d: (d / "p").mkdir(), ["run", "study.toml", "--panel", "p"], ["folder"]),
    "panel ending unknown": (
        lambda d: (d / "panel.sav").write_text("x"),
        ["run", "study.toml", "--panel", "panel.sav"], [".sav", ".csv"]),
    "panel empty": (lambda d: (d / "panel.csv").write_text(""), RUN, ["panel.csv", "empty"]),
    "panel without rows": (panel(lambda f: f.iloc[:0]), RUN, ["panel.csv", "no rows"]),
    "panel in GBK": (gbk("panel.csv"), RUN, ["panel.csv", "row 9", "GBK"]),
    "panel in UTF-16": (
        lambda d: (d / "panel.csv").write_bytes((d / "panel.csv").read_text().encode("utf-16")),
        RUN, ["UTF-16"]),
    "panel with semicolons": (
        lambda d: (d / "panel.csv").write_text((d / "panel.csv").read_text().replace(",", ";")),
        RUN, ["semicolons"]),
    "panel ragged": (
        lambda d: (d / "panel.csv").write_text((d / "panel.csv").read_text() + "c99,2000,1\n"),
        RUN, ["row 86", "3 cells"]),
    "panel column without a name": (
        panel(lambda f: f.rename(columns={"x2": ""})), RUN, ["row 1", "column 5"]),
    "panel column twice": (panel(lambda f: f.rename(columns={"x2": "x1"})), RUN, ["'x1'", "twice"]),
    "entity column absent": (panel(lambda f: f.rename(columns={"city": "City"})), RUN, ["'city'", "'City'"]),
    "time column absent": (panel(lambda f: f.rename(columns={"year": "yr"})), RUN, ["'year'", "'yr'"]),
    "regressor absent": (panel(lambda f: f.rename(columns={"x1": "x_1"})), RUN, ["'x1'", "'x_1'"]),
    "entity blank": (cell(5, "city", ""), RUN, ["row 5", "city", "blank"]),
    "entity with a trailing blank": (cell(5, "city", "c00 "), RUN, ["row 5", "'c00 '", "blank"]),
    "entity in two capitalisations": (cell(5, "city", "C00"), RUN, ["'C00'", "'c00'"]),
    "time blank": (cell(5, "year", ""), RUN, ["row 5", "year", "blank"]),
    "time not a number": (cell(5, "year", "2003年"), RUN, ["row 5", "2003年"]),
    "time not whole": (cell(5, "year", "2003.5"), RUN, ["row 5", "2003.5"]),
    "time out of range": (cell(5, "year", 20_030_101), RUN, ["row 5", "20030101", "year"]),
    "entity and time twice": (cell(5, "year", 2000), RUN, ["row 5", "'c00' in 2000", "row 2"]),
    "one year": (panel(lambda f: f[f["year"] == 2000]), RUN, ["year", "one value", "2000"]),
    "one entity": (panel(lambda f: f[f["city"] == "c00"]), RUN, ["city", "one value", "c00"]),
    "text in a number column": (cell(7, "x1", "1,5"), RUN, ["row 7", "'x1'", "1,5"]),
    "infinite value": (cell(7, "x1", "inf"), RUN, ["row 7", "'x1'", "infinite"]),
    "constant outcome": (panel(lambda f: f.assign(y=1.0)), RUN, ["'y'", "constant"]),
    "outcome constant within entities": (
        panel(lambda f: f.assign(y=pd.factorize(f["city"])[0])), RUN, ["'y'", "vary within"]),
    "values too large to compute with": (
        panel(lambda f: f.assign(x2=f["x2"] * 1e200)), RUN, ["'x2'", "rescale"]),
    "values too small to tell apart": (panel(lambda f: f.assign(y=f["y"] * 1e-200)), RUN, ["'y'", "rescale"]),
    "two groups that share no time": (
        panel(lambda f: f[(f["city"] < "c06") == (f["year"] < 2003)]),
        RUN, ["'c00'", "'c06'", "year", "drop one"]),
    "constant regressor": (panel(lambda f: f.assign(x2=1.0)), RUN, ["'x2'", "constant"]),
    "regressor constant within entities": (
        panel(lambda f: f.assign(x2=pd.factorize(f["city"])[0])), RUN, ["'x2'", "vary within"]),
    "collinear regressors": (panel(lambda f: f.assign(x2=2 * f["x1"])), RUN, ["'x2'", "linear combination"]),
    "collinear only within the effects": (
        panel(lambda f: f.assign(x2=f["x1"] + pd.factorize(f["city"])[0])),
        RUN, ["'x2'", "linear combination"]),
    "column all missing": (panel(lambda f: f.assign(x2=np.nan)), RUN, ["no row", "x2"]),
    "too few rows": (
        panel(lambda f: f[(f["city"] < "c02") & (f["year"] < 2002)]), RUN, ["4 rows", "coefficients"]),
    "log of a negative number": (
        lambda d: (in_study("x1 +", "log(x1) +")(d), in_published("x1", "log(x1)")(d)),
        RUN, ["row", "'x1'", "log("]),
    "Excel with merged headers": (merged_excel, XLSX, ["panel.xlsx", "C1:D1", "merged"]),
    "Excel sheet empty": (excel(), XLSX, ["panel.xlsx", "empty"]),
    "Excel header missing": (excel(["city", None, "y"], ["a", 1, 2.0]), XLSX, ["column 2", "no name"]),
    "Excel that is not Excel": (
        lambda d: (d / "panel.xlsx").write_text("city"), XLSX, ["panel.xlsx", "Excel"]),
    "Parquet that is not Parquet": (
        lambda d: (d / "p.parquet").write_text("city"),
        ["run", "study.toml", "--panel", "p.parquet"], ["p.parquet"]),
    "Stata that is not Stata": (
        lambda d: (d / "p.dta").write_text("city"),
        ["run", "study.toml", "--panel", "p.dta"], ["p.dta", "Stata"]),
    # options
    "command unknown": (None, ["rnu", "study.toml"], ["rnu", "run"]),
    "option unknown": (None, ["run", "study.toml", "--drws", "5"], ["--drws", "--draws"]),
    "draws not a number": (None, ["run", "study.toml", "--draws", "many"], ["--draws"]),
    "draws too few": (None, ["run", "study.toml", "--draws", "1"], ["--draws"]),
    "seed negative": (None, ["run", "study.toml", "--seed", "-1"], ["--seed"]),
    "evidence unknown": (None, ["run", "study.toml", "--evidence", "dreams"], ["dreams"]),
    "evidence panel without one": (None, ["run", "study.toml", "--evidence", "panel"], ["--panel"]),
    "evidence twin with a panel": (None, [*RUN, "--evidence", "twin"], ["--panel", "twin"]),
    "twins of a study that prints no panel's size": (
        None, ["run", "study.toml", "--evidence", "twin"], ["entities"]),
    "evidence tables with a panel": ([], [*RUN, "--evidence", "tables"], ["--panel", "tables"]),
    "only of nothing": (None, ["run", "study.toml", "--only", "T9.9"], ["T9.9", "T1.1"]),
    "prior without a name": (None, ["run", "study.toml", "--prior", "normal(0, 1)"], ["--prior", "="]),
    "prior of another kind": (
        None, ["run", "study.toml", "--prior", "sigma=normal(0, 1)"], ["sigma", "half_normal"]),
    "device absent": (None, [*RUN, "--device", "gpu"], ["GPU", "--device cpu"]),
    "engine that cannot integrate a prior": (
        None, [*RUN, "--engine", "collapsed", "--prior", "intercept=cauchy(0, 1)"],
        ["cauchy", "--engine nuts"]),
    "out cannot be written": (
        lambda d: (d / "posterity-out").write_text("a file"), TABLES, ["posterity-out", "--out"]),
    "report before a run": (None, ["report", "study.toml"], ["posterity run"]),
    "new over a folder in use": (None, ["new", "."], ["not an empty folder"]),
    "mediator that is the outcome": (
        in_study("formula", 'kind = "mediation"\nmediator = "y"\nformula'),
        [*RUN, "--only", "T1.1"], ["mediator 'y'", "the outcome itself"]),
}  # fmt: skip
