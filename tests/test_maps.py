"""A map's shards are complete or absent, and the same bits whoever trains them and whoever dies."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import distributed
import pandas
import polars as pl
import pytest
from walking_map import WALKS, Walks, dies, ends

from workings import experiment as store
from workings import files, maps
from workings import training_command as command
from workings.__main__ import main
from workings.grokking import phases
from workings.grokking.experiments import RATE_AND_DECAY

TESTS = Path(__file__).parent
FINISHED = WALKS.shards.keys()


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "found", lambda: [WALKS])
    return tmp_path / "grokking" / "walks"


@pytest.fixture
def log(tmp_path_factory, monkeypatch):
    """Who walked which stride, a line each time one begins."""
    path = tmp_path_factory.mktemp("log") / "walks"
    monkeypatch.setenv("WALKS_LOG", str(path))
    return lambda: [line.split() for line in path.read_text().splitlines()]


def bits(folder):
    """Every file but the one that says how long it took."""
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.name != maps.TOOK}


def alone(map, folder):
    maps.run(map, folder, workers=maps.one_by_one)
    return bits(folder)


def stopped_after(number):
    """What watches a map and stops it when so many shards are finished."""

    def watch(row):
        if row["shards"] == number:
            raise KeyboardInterrupt

    return watch


# --- what is kept ---------------------------------------------------------------------------------


def test_a_map_is_cut_along_its_fields_and_every_run_is_in_one_shard():
    both = replace(WALKS, by=("stride", "seeds"))
    assert list(both.shards)[:2] == ["stride-0.5-seeds-0.parquet", "stride-0.5-seeds-1.parquet"]
    for map in (WALKS, both):
        cut = [run for recipe in map.shards.values() for run in recipe.runs]
        assert cut == WALKS.recipe.runs


def test_values_that_are_hardly_apart_have_files_of_their_own():
    close = replace(WALKS, recipe=Walks(stride=(1.0, 1 + 1e-9)))
    assert list(close.shards) == ["stride-1.parquet", "stride-1.000000001.parquet"]


def test_the_table_is_labelled_by_every_field_and_has_a_row_for_every_run(results):
    table = maps.run(WALKS, workers=maps.one_by_one)
    assert table.columns == ["steps", "kind", "stride", "seed", "where", "back"]
    assert table.select("stride", "seed").rows() == WALKS.recipe.runs
    assert table.select("where", "back").rows() == [tuple(end) for end in ends(WALKS.recipe)]
    assert table.equals(maps.kept(WALKS))


def test_a_folder_is_read_in_one_line_of_pandas_and_of_polars(results):
    ours = maps.run(WALKS, workers=maps.one_by_one).sort("stride", "seed")
    theirs = pandas.read_parquet(results).sort_values(["stride", "seed"])
    assert theirs.columns.tolist() == ours.columns
    for name in ours.columns:
        assert theirs[name].dropna().tolist() == ours[name].drop_nulls().to_list()
    assert pl.read_parquet(results / "*.parquet").sort("stride", "seed").equals(ours)


def test_a_column_has_one_type_in_every_shard_even_where_nothing_was_reached(results):
    never = replace(WALKS, recipe=Walks(steps=1))
    maps.run(never, workers=maps.one_by_one)
    for shard in results.glob("*.parquet"):
        assert pl.read_parquet_schema(shard)["back"] == pl.Int64
    assert pandas.read_parquet(results)["back"].isna().all()


def test_checksums_are_those_that_sha256sum_knows(results):
    maps.run(WALKS, workers=maps.one_by_one)
    subprocess.run(["sha256sum", "-c", maps.SUMS], cwd=results, check=True, capture_output=True)


def test_processes_give_the_bits_of_one(results, log, tmp_path):
    maps.run(WALKS, workers=maps.processes(2))
    assert str(os.getpid()) not in {process for _, process in log()}
    assert bits(results) == alone(WALKS, tmp_path / "alone")


# --- what is stopped, damaged, stale --------------------------------------------------------------


def test_a_stopped_map_goes_on_without_repeating_a_shard(results, log, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        maps.run(WALKS, watch=stopped_after(2), workers=maps.one_by_one)
    assert maps.status(WALKS)[:2] == ("half-way", "2 of 6 shards")
    with pytest.raises(store.MissingResult, match="half-way; `workings train grokking/walks`"):
        maps.kept(WALKS)
    maps.run(WALKS, workers=maps.one_by_one)
    assert maps.run(WALKS, workers=None).height == 18  # kept: nobody is asked
    assert set(Counter(stride for stride, _ in log()).values()) == {1}
    assert bits(results) == alone(WALKS, tmp_path / "alone")


def test_a_shard_killed_while_it_is_written_is_absent(results, monkeypatch, tmp_path):
    def dies(path, content, written=files.write):
        if path.name == "stride-1.parquet":
            path.with_name(f"{path.name}.unfinished").write_bytes(content[:99])
            raise KeyboardInterrupt
        written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            maps.run(WALKS, workers=maps.one_by_one)
    assert maps.status(WALKS)[:2] == ("half-way", "1 of 6 shards")
    maps.run(WALKS, workers=maps.one_by_one)
    assert bits(results) == alone(WALKS, tmp_path / "alone")


def test_a_checksum_that_broke_off_costs_no_other_shard(results):
    with pytest.raises(KeyboardInterrupt):
        maps.run(WALKS, watch=stopped_after(2), workers=maps.one_by_one)
    with (results / maps.SUMS).open("a") as sums:
        sums.write("\n12ab")
    assert maps.status(WALKS).kept == "half-way"
    maps.run(WALKS, workers=maps.one_by_one)
    assert maps.status(WALKS).kept == "kept"


def test_a_damaged_shard_is_found_named_and_trained_again_alone(results, log, caplog):
    maps.run(WALKS, workers=maps.one_by_one)
    whole, walked = bits(results), len(log())
    shard = results / "stride-1.5.parquet"
    for damaged in (whole[shard.name][:-1], b"", whole[shard.name].replace(b"fair", b"fear")):
        shard.write_bytes(damaged)
        assert maps.status(WALKS)[:2] == ("damaged", "stride-1.5.parquet is damaged")
        with pytest.raises(store.DamagedResult, match=r"stride-1\.5\.parquet is damaged"):
            maps.kept(WALKS)
        caplog.clear()
        maps.run(WALKS, workers=maps.one_by_one)
        assert "stride-1.5.parquet is damaged; it is trained anew" in caplog.text
        assert bits(results) == whole
    assert [stride for stride, _ in log()[walked:]] == ["1.5"] * 3


@pytest.mark.parametrize("name", [maps.RECIPE, maps.SUMS])
def test_without_recipe_or_checksums_nothing_is_believed(results, name, tmp_path):
    maps.run(WALKS, workers=maps.one_by_one)
    (results / name).unlink()
    assert maps.status(WALKS).kept == "damaged"
    maps.run(WALKS, workers=maps.one_by_one)
    assert bits(results) == alone(WALKS, tmp_path / "alone")


def test_another_recipe_is_stale_and_a_strange_file_is_named(results):
    maps.run(WALKS, workers=maps.one_by_one)
    other = replace(WALKS, recipe=Walks(steps=30))
    assert maps.status(other)[:2] == ("stale", "steps (20, now 30)")
    for asked in (maps.kept, maps.run):
        with pytest.raises(store.StaleResult, match=r"another steps \(20, now 30\)"):
            asked(other)
    (results / "mine.parquet").touch()
    for asked in (maps.kept, maps.run):
        with pytest.raises(store.DamagedResult, match=r"mine\.parquet is no shard of it; remove"):
            asked(WALKS)
    assert (results / "mine.parquet").exists()


def test_a_map_that_is_half_way_on_another_device_is_refused(results, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        maps.run(WALKS, watch=stopped_after(2), workers=maps.one_by_one)
    monkeypatch.setattr(store, "device", lambda: "cuda")
    with pytest.raises(store.StaleResult, match="half-way on cpu"):
        maps.run(WALKS, workers=maps.one_by_one)


def test_two_processes_do_not_train_one_map(results):
    def twice(task, shards):
        maps.run(WALKS, workers=maps.one_by_one)
        yield

    with pytest.raises(files.BusyResult):
        maps.run(WALKS, workers=twice)


# --- processes and clusters that die --------------------------------------------------------------


def test_a_killed_process_is_replaced(results, log, monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("WALKS_SECONDS", "0.3")

    def kills(row):
        if row["shards"] == 1:
            os.kill(int(log()[-1][1]), signal.SIGKILL)

    maps.run(WALKS, watch=kills, workers=maps.processes(2))
    assert "a process died; its shards are trained again" in caplog.text
    monkeypatch.setenv("WALKS_SECONDS", "0")
    assert bits(results) == alone(WALKS, tmp_path / "alone")


def test_processes_that_always_die_are_given_up(results, monkeypatch):
    monkeypatch.setattr(maps, "DEATHS", 2)
    with pytest.raises(maps.LostWorkers, match="2 times in a row a process died before"):
        maps.run(replace(WALKS, measured=dies), workers=maps.processes(2))
    assert maps.status(WALKS).kept == "missing"


@contextmanager
def begun(*words, **env):
    """A process of ours, which ends with the test."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    alone = {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        env=os.environ | alone | env,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def cluster(folder, workers=2, **env):
    """A scheduler and workers as one starts them: its address, and all the processes."""
    folder.mkdir()
    file = folder / "scheduler.json"
    local = ("--host", "127.0.0.1", "--no-dashboard")
    with begun(
        "distributed.cli.dask_scheduler", *local, "--port", 0, "--scheduler-file", file
    ) as s:
        while not file.exists() or not file.stat().st_size:
            time.sleep(0.05)
        address = re.search(r"tcp://[\d.:]+", file.read_text())[0]
        one = ("--no-nanny", "--nthreads", 1, "--no-dashboard", "--local-directory", folder)
        command = ("distributed.cli.dask_worker", address, *one)
        with ExitStack() as stack:
            started = [stack.enter_context(begun(*command, **env)) for _ in range(workers)]
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=120)
            yield address, [s, *started]


def test_a_cluster_of_which_one_worker_is_killed_gives_the_bits_of_one_process(
    results, log, tmp_path
):
    with cluster(tmp_path / "dask", WALKS_SECONDS="0.4") as (address, processes):
        killed, kept = [], []

        def kills(row):
            if not killed and len({walker for _, walker in log()}) == 2:
                kept.extend(results.glob("*.parquet"))
                killed.append(int(log()[-1][1]))  # it has begun this walk, and not ended it
                os.kill(killed[0], signal.SIGKILL)

        maps.run(WALKS, watch=kills, workers=maps.cluster(address))
    assert killed[0] in {process.pid for process in processes}
    walked = Counter(f"stride-{float(stride):g}.parquet" for stride, _ in log())
    assert walked.keys() == FINISHED
    assert max(walked.values()) == 2  # what it was at was begun again
    assert kept
    assert {walked[shard.name] for shard in kept} == {1}
    assert bits(results) == alone(WALKS, tmp_path / "alone")


def test_networks_trained_on_a_cluster_are_those_of_one_process(tmp_path):
    recipe = replace(phases.RATE_AND_DECAY, lr=(5e-3,), weight_decay=(0.5, 1.0, 2.0), steps=200)
    networks = replace(RATE_AND_DECAY, recipe=recipe)
    with cluster(tmp_path / "dask") as (address, _):
        maps.run(networks, tmp_path / "map", workers=maps.cluster(address))
    assert bits(tmp_path / "map") == alone(networks, tmp_path / "alone")


def test_a_scheduler_that_is_killed_costs_no_finished_shard(results, log, tmp_path, capsys):
    with cluster(tmp_path / "one", workers=1, WALKS_SECONDS="0.3") as (address, processes):

        def kills(self, row):
            if row["shards"] == 3:
                processes[0].kill()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command.Progress, "__call__", kills)
            assert main(["train", "grokking/walks", "--scheduler", address]) == 2
    told = capsys.readouterr().err
    assert f"the scheduler at {address} is gone; 3 of 6 shards are kept; the same com" in told
    finished = {path.name for path in results.glob("*.parquet")}
    before = len(log())
    with cluster(tmp_path / "other", workers=1) as (address, _):
        assert main(["train", "grokking/walks", "--scheduler", address]) == 0
    told = capsys.readouterr()
    assert "goes on from 3 of 6 shards" in told.err
    assert "18 rows in" in told.out
    again = {f"stride-{float(stride):g}.parquet" for stride, _ in log()[before:]}
    assert again == FINISHED - finished
    assert bits(results) == alone(WALKS, tmp_path / "alone")


def test_a_worker_without_this_package_is_refused_by_a_scheduler_without_it(results, tmp_path):
    (tmp_path / "old" / "workings").mkdir(parents=True)
    (tmp_path / "old" / "workings" / "__init__.py").touch()
    old = {"PYTHONPATH": str(tmp_path / "old")}
    with (
        cluster(tmp_path / "dask", workers=1, **old) as (address, _),
        pytest.raises(maps.LostWorkers, match=r"a worker lacks workings\.maps; install this"),
    ):
        maps.run(WALKS, workers=maps.cluster(address))
    assert maps.status(WALKS).kept == "missing"


def test_a_worker_with_other_code_refuses():
    task = maps.Task(ends, "cpu", maps.code() | {"numpy": "0.1"})
    with pytest.raises(maps.OtherCode, match=r"numpy is [\d.]+ on a worker and 0\.1 here"):
        task(Walks())


# --- the command ----------------------------------------------------------------------------------


def test_the_command_trains_lists_and_goes_on(results, monkeypatch, capsys):
    assert main(["train", "--list"]) == 0
    assert capsys.readouterr().out == "grokking/walks  missing\n"
    with monkeypatch.context() as patch:
        patch.setattr(maps, "processes", lambda: maps.one_by_one)
        patch.setattr(command.Progress, "__call__", lambda self, row: stopped_after(4)(row))
        assert main(["train", "grokking/walks"]) == 130
        assert "stopped; the same command goes on from 4 of 6 shards" in capsys.readouterr().err
        assert main(["train", "--list"]) == 0
        told = re.split(r"\s{2,}", capsys.readouterr().out.strip())
        assert told == ["grokking/walks", "half-way", "0 s so far", "4 of 6 shards"]
        assert main(["train"]) == 0
    told = capsys.readouterr()
    assert "goes on from 4 of 6 shards" in told.err
    assert re.match(r"grokking/walks: 18 rows in \d+ s, kept in ", told.out)
    assert main(["train", "grokking/walks"]) == 0
    assert "kept already" in capsys.readouterr().out


def test_a_map_of_ones_own_is_cut_by_the_values_one_gives(results, tmp_path, capsys):
    own = ["train", "grokking/walks", "--set", "stride=7", "--out", str(tmp_path / "own")]
    assert main(own) == main(own) == 0
    assert pandas.read_parquet(tmp_path / "own")["stride"].tolist() == [7.0] * 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grokking/tea"], "grokking/tea is one training and no map"),
        ([], "name the map for --scheduler: grokking/walks"),
        (["--list"], "--list trains nothing; leave out --scheduler"),
        (["grokking/walks"], "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
    ids=["no map", "no name", "list", "nobody"],
)
def test_a_scheduler_that_cannot_be_used_is_refused_in_a_line(
    results, monkeypatch, capsys, arguments, words
):
    tea = store.Experiment("grokking/tea", Walks(), ends)
    monkeypatch.setattr(command, "found", lambda: [WALKS, tea])
    assert main(["train", *arguments, "--scheduler", "tcp://127.0.0.1:9"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_without_dask_the_cure_is_named_and_the_map_trains_here(results, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["train", "grokking/walks", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "--scheduler needs Dask; in a checkout, `pip install -e .[cluster]`" in (
        capsys.readouterr().err
    )
    monkeypatch.setattr(maps, "processes", lambda: maps.one_by_one)
    assert main(["train", "grokking/walks"]) == 0


def test_the_progress_of_a_map_counts_shards():
    progress = command.Progress(WALKS, store.Status("half-way", row={"shards": 2}))
    progress.step = 3
    assert progress.line({"shards": 3}, 10.0) == (
        "grokking/walks  [############------------] 3/6  0.1 shards/s  30 s left"
    )
