"""The `fanfare` command: try the bundle on this machine, measure it, build it."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

AUTH_HELP = "open: no key needed; keys: as deployed, with the key that is printed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="fanfare",
        description="A serverless media backend, on this machine: AWS is emulated, upstreams are a sample world.",
        epilog="With TMDB_TOKEN or OPENAI_API_KEY in the environment, that upstream is the real one.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="films for moods, a photo, words, a track: asked over HTTP, printed")
    demo.set_defaults(run=_demo)

    serve = commands.add_parser("serve", help="keep the bundle up on a real HTTP port, for curl and a browser")
    serve.add_argument("--port", type=int, default=8080, help="port on 127.0.0.1 (default 8080)")
    serve.add_argument("--auth", choices=["open", "keys"], default="open", help=AUTH_HELP)
    serve.set_defaults(run=_serve)

    analyze = commands.add_parser("analyze", help="your own audio: tempo, beats, key, loudness, energy, sections")
    analyze.add_argument("files", type=Path, nargs="+", metavar="FILE")
    analyze.add_argument("--json", action="store_true", help="a JSON list on standard output, with beats and sections")
    analyze.add_argument("--plot", type=Path, metavar="FOLDER", help="write a picture of each there, NAME.svg")
    analyze.set_defaults(run=_analyze)

    _add_benches(commands.add_parser("bench", help="measure, both sides in one run"))

    build = commands.add_parser("build", help="sam build, then bytecode for the read-only layers")
    build.add_argument("--arch", choices=["x86_64", "arm64"], default="x86_64", help="default x86_64")
    build.set_defaults(run=_build)

    openapi = commands.add_parser("openapi", help="write functions/operations/openapi.json from the routes")
    openapi.set_defaults(run=_openapi)

    keys = commands.add_parser("keys", help="make an API key for a deployed stack; it is shown once, its hash is kept")
    keys.add_argument("name", help="whose key it is, shown in logs")
    keys.add_argument("--table", required=True, help="the stack's ApiKeysTable, see its outputs")
    keys.add_argument("--days", type=int, help="days until it expires (default: never)")
    keys.set_defaults(run=_keys)

    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except KeyboardInterrupt:
        return 130
    return status


def _add_benches(bench: argparse.ArgumentParser) -> None:
    benches = bench.add_subparsers(dest="bench", required=True, metavar="NAME")
    movies = benches.add_parser(
        "movies", help="a prompt's way to films: published ways, Fanfare, the bound (4 minutes)"
    )
    movies.add_argument("--json", action="store_true", help="one JSON object on standard output")
    movies.add_argument("--prompts", type=int, default=12, help="how many prompts (default 12)")
    movies.set_defaults(run=_bench_movies)

    images = benches.add_parser("images", help="photos made small: naive Pillow, Fanfare, sharp (2 minutes)")
    images.add_argument("--json", action="store_true", help="one JSON object on standard output")
    images.add_argument("--rounds", type=int, default=9, help="how many rounds (default 9)")
    images.add_argument("--photo", type=Path, nargs="+", default=[], help="photos of your own", metavar="FILE")
    images.set_defaults(run=_bench_images)

    speech = benches.add_parser("speech", help="words spoken and explained: published ways, Fanfare, bound (4 minutes)")
    speech.add_argument("--json", action="store_true", help="one JSON object on standard output")
    speech.add_argument("--rounds", type=int, default=5, help="how many rounds (default 5)")
    speech.set_defaults(run=_bench_speech)

    audio = benches.add_parser(
        "audio", help="music's beats, loudness, key: librosa, Fanfare, decoding alone (8 minutes)"
    )
    audio.add_argument("--json", action="store_true", help="one JSON object on standard output")
    audio.add_argument("--seeds", type=int, default=10, help="how many fresh tracks of each kind (default 10)")
    audio.set_defaults(run=_bench_audio)

    songs = benches.add_parser(
        "songs", help="a mood's way to songs: published ways, Fanfare, bound, sound against truth (20 minutes)"
    )
    songs.add_argument("--json", action="store_true", help="one JSON object on standard output")
    songs.add_argument("--moods", type=int, default=8, help="how many moods (default 8)")
    songs.set_defaults(run=_bench_songs)


# Each command imports what it needs: `fanfare --help` should not wait for AWS's emulator to load.


def _demo(_: argparse.Namespace) -> int:
    from local_cloud import demo

    return demo.run()


def _serve(chosen: argparse.Namespace) -> int:
    from local_cloud import demo

    return demo.serve(port=chosen.port, auth=chosen.auth)


def _analyze(chosen: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported; its threads would only spin
    from local_cloud import analyze

    try:
        return analyze.run(chosen.files, as_json=chosen.json, plots=chosen.plot)
    except OSError as error:
        print(f"fanfare analyze: {error}", file=sys.stderr)
        return 2


def _bench_movies(chosen: argparse.Namespace) -> int:
    from bench import movies

    movies.run(prompts=chosen.prompts, as_json=chosen.json)
    return 0


def _bench_images(chosen: argparse.Namespace) -> int:
    from bench import images

    images.run(rounds=chosen.rounds, photos=chosen.photo, as_json=chosen.json)
    return 0


def _bench_speech(chosen: argparse.Namespace) -> int:
    from bench import speech

    speech.run(rounds=chosen.rounds, as_json=chosen.json)
    return 0


def _bench_audio(chosen: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from bench import audio

    audio.run(seeds=chosen.seeds, as_json=chosen.json)
    return 0


def _bench_songs(chosen: argparse.Namespace) -> int:
    from bench import songs

    songs.run(moods=chosen.moods, as_json=chosen.json)
    return 0


def _build(chosen: argparse.Namespace) -> int:
    from local_cloud import build

    build.main(["--arch", chosen.arch])
    return 0


def _openapi(_: argparse.Namespace) -> int:
    from local_cloud import openapi

    openapi.PATH.write_text(openapi.document())
    print(f"wrote {openapi.PATH.relative_to(Path.cwd())}")
    return 0


def _keys(chosen: argparse.Namespace) -> int:
    import boto3

    from local_cloud import api_keys

    print(api_keys.issue(boto3.client("dynamodb"), chosen.table, chosen.name, days=chosen.days))
    return 0


if __name__ == "__main__":
    sys.exit(main())
