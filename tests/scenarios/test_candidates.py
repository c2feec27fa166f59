"""Stories of the choice behind a change: what else was made since the champion, and why this one."""


def shown(project, change="1"):
    return project.cli("changes", "show", change, "--json").json


def train(project, c):
    project.cli("run", "model/late", "-w", "ana", "-p", f"c={c}")


def test_a_change_lists_what_else_was_made_since_the_champion_with_its_numbers(merged):
    for c in ("0.5", "0.1"):
        train(merged, c)
    merged.cli("propose", "ana:model/late", "--why", "the smallest that is as good")
    found = shown(merged, "2")["candidates"]
    assert [(one["proposed"], list(one["metrics"]), one["looks"]) for one in found] == [
        (True, ["auc"], 3),
        (False, ["auc"], 3),
    ]
    lines = merged.cli("changes", "show", "2").out
    assert "why     the smallest that is as good" in lines
    assert "chosen  b3:" in lines
    assert "instead b3:" in lines
    assert '"why":"the smallest that is as good"' in merged.cli("audit", "export").out
    merged.cli("audit", "verify")


def test_what_is_made_after_the_change_was_opened_is_no_candidate(trained):
    trained.cli("propose", "ana:model/late")
    train(trained, "0.5")
    assert [one["proposed"] for one in shown(trained)["candidates"]] == [True]
    assert "instead" not in trained.cli("changes", "show", "1").out


def test_without_words_or_a_run_a_change_says_nothing_of_a_choice(trained):
    trained.cli("propose", "ana:model/late", "--title", "a better one")
    assert "why  " not in trained.cli("changes", "show", "1").out
    trained.cli("add", "scale.txt", "--as", "data/scale")
    scale = trained.cli("log", "data/scale", "--json").json["moves"][0]["new"]
    trained.cli("propose", f"policy/other={scale}")
    assert shown(trained, "2")["candidates"] == []
