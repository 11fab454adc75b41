#!/usr/bin/env python3
"""Grade a class of made-up students: how long does it take, and is every mark right?

    python3 tests/benchmarks/grade_class.py                  # 60 students, all exercises
    python3 tests/benchmarks/grade_class.py --students 4 --distinct

A student hands in, for each exercise and at random, the solution, a typical wrong answer, the skeleton, a hostile file
or nothing. Many answers are equal then, as in a class where many write the same line. With --distinct every answer has
its student's name in it, so no answer is equal to another one. The build of the checks is not timed.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NOT_FOR_STUDENTS = {"README.md", "hints.md", "check.cpp", "check.txt"}

# How often a student hands in an answer of each kind.
SHARES = {"solution": 60, "wrong": 25, "skeleton": 10, "hostile": 2, "nothing": 3}

# Put before the solution of any exercise, each of these must cost the student the mark.
HOSTILE = {
    "exits before main": '#include <unistd.h>\nstatic const int hostile = (_exit(0), 1);\n',
    "never ends": "static int hostile() { for (volatile int i = 0;; i = i + 1) {} }\nstatic const int started = hostile();\n",
    "takes all memory": '#include <cstdlib>\n#include <cstring>\n'
                        "static int hostile() { for (;;) { void* p = malloc(1 << 26); if (!p) abort(); memset(p, 1, 1 << 26); } }\n"
                        "static const int started = hostile();\n",
    "prints without end": '#include <cstdio>\nstatic int hostile() { for (;;) puts("passed"); }\n'
                          "static const int started = hostile();\n",
    "forges a result": '#include <unistd.h>\nstatic const auto hostile = write(3, "\\1\\0\\0\\0\\0\\0\\0\\0R", 9);\n',
    "crashes": "static const int hostile = *reinterpret_cast<volatile int*>(8);\n",
    "does not compile": "int hostile = ;\n",
    "compiles without end": "template <int N> struct Hostile { static constexpr auto n = Hostile<N + 1>::n + Hostile<N + 2>::n; };\n"
                            "static const int hostile = Hostile<0>::n;\n",
}


def exercises():
    """All exercises: id, the skeleton's folder, and the folder of the answers."""
    found = []
    for folder in ROOT.glob("chapters/*/exercises/[0-9]*"):
        chapter, number = int(folder.parent.parent.name.split("_")[0]), int(folder.name.split("_")[0])
        found.append((chapter, number, folder, ROOT / "tests/exercises" / f"{chapter:02}_{folder.name}"))
    return sorted(found)


def with_name(path, student):
    """The same answer with the student's name in it."""
    comment = {".cpp": f"\n// {student}\n", ".txt": f"\n# {student}\n"}.get(path.suffix)
    text = path.read_text()
    path.write_text(text + comment if comment else text + " " * (1 + int(student.split("_")[1])))


def hand_in(folder, skeleton, answers, kind, choose, student, distinct):
    """Writes one answer. Returns the result that it must get, and the cause where one is promised."""
    if kind == "nothing":
        return "unreadable", None
    names = [path.name for path in skeleton.iterdir() if path.name not in NOT_FOR_STUDENTS and path.suffix != ".hpp"]
    expected = {"solution": ("solved", None), "skeleton": ("not started", None)}.get(kind)
    source = skeleton if kind == "skeleton" else answers / "solution"
    if kind == "wrong":
        source = choose.choice(sorted((answers / "wrong").iterdir()))
        expected = "not solved", source.name.rsplit("_", 1)[0]
    folder.mkdir(parents=True)
    for name in names:
        shutil.copyfile(source / name, folder / name)
    sources = sorted(folder.glob("*.cpp"))
    if kind == "hostile":
        expected = "hostile", None
        if sources:
            before = HOSTILE[choose.choice(sorted(HOSTILE))]
            sources[0].write_text(before + sources[0].read_text())
        else:  # predictions and notebooks hold no code: a link to the solution
            (folder / names[0]).unlink()
            (folder / names[0]).symlink_to(answers / "solution" / names[0])
    elif distinct and kind != "skeleton":
        for name in names:
            with_name(folder / name, student)
    return expected


def is_right(expected, answer):
    result, cause = expected
    if result == "hostile":
        return answer["result"] != "solved"
    return answer["result"] == result and answer.get("cause") == cause


def cpu_seconds():
    """User and system time of all programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--distinct", action="store_true", help="no answer is equal to another one")
    parser.add_argument("--keep", type=pathlib.Path, help="writes the submissions into this new folder and keeps them")
    options = parser.parse_args()

    for build in (["exercise", "--version"], ["build-exercises", "all"]):
        subprocess.run([ROOT / "walk", *build], check=True, stdout=subprocess.DEVNULL)
    choose = random.Random(options.seed)
    folder = options.keep or pathlib.Path(tempfile.mkdtemp())
    expected, handed_in = {}, collections.Counter()
    for number in range(options.students):
        student = f"student_{number + 1:02}"
        (folder / student).mkdir(parents=True)
        for chapter, exercise, skeleton, answers in exercises():
            (kind,) = choose.choices(list(SHARES), SHARES.values())
            place = folder / student / skeleton.parent.parent.name / skeleton.name
            expected[student, f"{chapter}.{exercise}"] = hand_in(place, skeleton, answers, kind, choose, student,
                                                                 options.distinct)
            handed_in[kind] += 1

    command = [ROOT / "walk", "grade", "--json", *sorted(folder.iterdir())]
    load, start, used_before = os.getloadavg()[0], time.monotonic(), cpu_seconds()
    graded = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    wall, used = time.monotonic() - start, cpu_seconds() - used_before
    if graded.returncode == 2:
        sys.exit("./walk grade refused the class, as said above")

    right, wrong = 0, []
    for row in json.loads(graded.stdout):
        for answer in row["answers"]:
            promised = expected.pop((pathlib.Path(row["submission"]).name, answer["exercise"]))
            if is_right(promised, answer):
                right += 1
            else:
                wrong.append(f"{row['submission']} {answer['exercise']}: {answer}, promised {promised}")
    print("\n".join(wrong))
    print(f"{options.students} submissions of {len(exercises())} exercises, "
          + ", ".join(f"{count} {kind}" for kind, count in handed_in.most_common()))
    print(f"{wall:.0f} s on {os.cpu_count()} cores, {used:.0f} s of CPU time; "
          f"load {load:.1f} before, {os.getloadavg()[0]:.1f} after")
    print(f"{right} marks are right, {len(wrong)} are wrong, {len(expected)} are missing")
    if not options.keep:
        shutil.rmtree(folder)
    sys.exit(1 if wrong or expected else 0)


main()
