"""`python -m hesp {app,analyze,evaluate,pretrain}`: parses, calls, prints; no logic of its own.

Exit status 0 if all went well, 2 for bad input with the reason as the last line on standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hesp.errors import HespError
from hesp.version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["app"]:
        # the page has its own options, the same as `python app.py`
        from hesp.ui.launch import main as serve

        return int(serve(arguments[1:]) or 0)
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except HespError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"error: {error}; activate .venv, or run: pip install -r requirements.txt", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hesp", description="Reads facial expression in video.")
    parser.add_argument("--version", action="version", version=f"hesp {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("app", help="start the page (options: python -m hesp app --help)")
    _add_analyze(commands.add_parser("analyze", help="score a video or picture"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a backbone"))
    _add_pretrain(commands.add_parser("pretrain", help="train the embedded backbone"))
    return parser


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backbone", default="mini", help="mini (default), ViT-B-32/openai, or a weights file")
    parser.add_argument("--method", default="zero-shot", help="zero-shot (default)")
    parser.add_argument("--device", default=None, help="cpu, cuda, mps; the best there is by default")


def _add_analyze(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", help="a video or a still picture")
    parser.add_argument("--labels", action="append", default=[], help='"happiness,smug"; the basic 7 by default')
    parser.add_argument("--label", action="append", default=[], help="one label, which may hold commas; repeatable")
    parser.add_argument("--json", metavar="OUT.json", help="write everything as JSON; - for standard output")
    _add_model_options(parser)
    parser.add_argument("--fps", type=float, help="frames analysed a second; all 30 by default")
    parser.add_argument("--start", type=float, metavar="S", help="begin of the part, in seconds")
    parser.add_argument("--end", type=float, metavar="S", help="end of the part, in seconds")
    parser.add_argument("--max-minutes", type=float, default=5.0, help="longest part that is accepted (5)")
    parser.add_argument("--max-megabytes", type=float, default=300.0, help="largest file that is accepted (300)")
    parser.set_defaults(run=_analyze)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True)
    ferplus = kinds.add_parser("ferplus", help="accuracy on FER+ pictures, predicted by prompts alone")
    ferplus.add_argument("--data", type=Path, required=True, metavar="FILE.npz")
    ferplus.add_argument("--split", default="valid")
    _add_model_options(ferplus)
    ferplus.set_defaults(run=_evaluate_ferplus)


def _add_pretrain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="FILE.npz", help="FER+ pictures and votes")
    parser.add_argument("--blendshapes", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument(
        "--run", dest="run_dir", type=Path, default=Path("runs/pretrain"), help="states and logs; resumed if there"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="the checkpoint folder to write")
    parser.add_argument("--text-epochs", type=int, help="epochs of the text stage")
    parser.add_argument("--image-epochs", type=int, help="epochs of the image stage")
    parser.set_defaults(run=_pretrain)


def _analyze(options: argparse.Namespace) -> None:
    from hesp.engine import Engine
    from hesp.face import BLENDSHAPE_NAMES
    from hesp.media import MediaLimits
    from hesp.results import check_writable, summarise, to_json, write_json

    labels = [label for text in options.labels for label in text.split(",")] + options.label
    if options.json and options.json != "-":
        check_writable(Path(options.json), keep=Path(options.video))
    limits = MediaLimits(options.max_minutes * 60, int(options.max_megabytes * 1024**2))
    engine = Engine.load(options.backbone, method=options.method, device=options.device, limits=limits)
    chosen = engine.check_labels(labels) if options.labels or options.label else engine.default_labels
    with ProgressBar() as bar:
        analysis = engine.analyze(options.video, bar.stage, start_s=options.start, end_s=options.end, fps=options.fps)
    with analysis:
        scores = engine.score(analysis, chosen)
        # the summary must not mix with JSON on the same stream
        print(summarise(analysis, scores), file=sys.stderr if options.json == "-" else sys.stdout)
        if options.json:
            write_json(to_json(analysis, scores, BLENDSHAPE_NAMES), options.json)


def _evaluate_ferplus(options: argparse.Namespace) -> None:
    from hesp.clip import load_backbone
    from hesp.methods import build_method
    from hesp.training.evaluate import evaluate_ferplus
    from hesp.training.ferplus import load_split

    split = load_split(options.data, options.split)
    method = build_method(options.method, load_backbone(options.backbone, options.device))
    with ProgressBar() as bar:
        result = evaluate_ferplus(method, split, on_progress=bar.counter("faces"))
    for name, recall in result.recall.items():
        print(f"recall {name}: {recall:.3f}")
    print(f"faces: {result.n_faces}")
    print(f"accuracy: {result.accuracy:.3f}")
    print(f"uar: {result.uar:.3f}")


def _pretrain(options: argparse.Namespace) -> None:
    from hesp.training.image_stage import ImageStageConfig
    from hesp.training.pretrain import pretrain
    from hesp.training.text_stage import TextStageConfig

    text = TextStageConfig() if options.text_epochs is None else TextStageConfig(epochs=options.text_epochs)
    image = ImageStageConfig() if options.image_epochs is None else ImageStageConfig(epochs=options.image_epochs)
    figures = pretrain(options.data, options.blendshapes, options.run_dir, options.output, text=text, image=image)
    for name, value in figures.items():
        print(f"dev {name}: {value:.3f}")


class ProgressBar:
    """A bar on standard error that follows an engine's progress calls."""

    def __init__(self) -> None:
        """Nothing is shown before the first call."""
        from tqdm import tqdm

        self._make = tqdm
        self._bar: tqdm | None = None
        self._stage = ""

    def stage(self, stage: str, done: int, total: int, partial: object = None) -> None:
        """Show a stage's progress; total 0 means unknown."""
        if self._bar is None or self._stage != stage:
            self.close()
            self._stage = stage
            self._bar = self._make(total=total or None, desc=stage, unit="frame", file=sys.stderr, leave=False)
        if total:
            self._bar.total = total
        self._bar.update(done - self._bar.n)

    def counter(self, stage: str) -> Callable[[int, int], None]:
        """A (done, total) function for one stage."""
        return lambda done, total: self.stage(stage, done, total)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


if __name__ == "__main__":
    sys.exit(main())
