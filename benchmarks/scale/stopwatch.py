"""Seconds of named steps, taken by wrapping functions of the product where they are called."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

from benchmarks.machine import peak_mb


class Stopwatch:
    """Seconds by step, those of the processors too, and the peak memory each time a step ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self.peaks: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def running(self, step: str) -> Iterator[None]:
        """Add the time within to a step."""
        start, worked = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds[step] += time.perf_counter() - start
            self.cpu[step] += time.process_time() - worked
            self.peaks[step].append(peak_mb())

    def call(self, module: ModuleType | type, name: str, step: str) -> None:
        """Time every call of a module's function."""
        original = getattr(module, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self.running(step):
                return original(*args, **kwargs)

        setattr(module, name, wrapped)

    def made(self, module: ModuleType, name: str, step: str) -> None:
        """Time a module's function that makes another, and every call of the other."""
        original = getattr(module, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self.running(step):
                function = original(*args, **kwargs)
            return timed(function)

        def timed(function: Any) -> Any:
            def inner(*args: Any, **kwargs: Any) -> Any:
                with self.running(step):
                    return function(*args, **kwargs)

            return inner

        setattr(module, name, wrapped)

    def each(self, module: ModuleType, name: str, step: str) -> None:
        """Time every item of a module's generator, not what is done with the items."""
        original = getattr(module, name)

        def wrapped(*args: Any, **kwargs: Any) -> Iterator[Any]:
            items = original(*args, **kwargs)
            while True:
                with self.running(step):
                    item = next(items, None)
                if item is None:
                    return
                yield item

        setattr(module, name, wrapped)

    def entering(self, module: ModuleType, name: str, step: str, **more: Any) -> None:
        """Time how long a module's context manager takes to open; `more` arguments are added."""
        original: Callable[..., AbstractContextManager[Any]] = getattr(module, name)

        @contextmanager
        def wrapped(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with self.running(step):
                context = original(*args, **kwargs, **more)
                value = context.__enter__()
            try:
                yield value
            finally:
                context.__exit__(None, None, None)

        setattr(module, name, wrapped)
