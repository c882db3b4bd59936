"""Agreement cases of convolutions, poolings and moves."""

from collections.abc import Callable

import numpy as np
from agreement.kit import Built, Case, chain, random_type, single, uniform

from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.ops import Activation, Conv, Crop, Dense, DepthwiseConv, Function, Pad, Permute, Pool, Reshape, Upsample

SAMPLES = 60
DEPTHWISE = "hls4ml has no resource strategy for two-dimensional depthwise convolutions"
TURNS = "hls4ml has no reuse above the inputs of a dense layer at several positions"


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _out(size: int, kernel: int, stride: int, pad: tuple[int, int]) -> int:
    return (size + sum(pad) - kernel) // stride + 1


def conv_case(rank: int, is_same: bool, io: str, flavour: str, is_depthwise: bool = False) -> Callable[..., Built]:
    """Make a random convolution; flavours: exact, narrow (accumulator), resource (order of accumulation)."""

    def build(rng: np.random.Generator) -> Built:
        height, width = (1 if rank == 1 else int(rng.integers(5, 8))), int(rng.integers(5, 9))
        size = (1 if rank == 1 else int(rng.integers(1, 4)), int(rng.integers(2, 4)))
        stride = (1 if rank == 1 else int(rng.integers(1, 3)), int(rng.integers(1, 3)))
        if io == "stream":
            stride = (stride[1] if rank == 2 else 1, stride[1])
            # hls4ml's line buffer leaves data behind where the kernel is smaller than the stride.
            size = (max(size[0], stride[0]), size[1])
        channels, filters = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        pads = ((0, 0), (0, 0))
        if is_same:
            pads = ((0, 0) if rank == 1 else _same(height, size[0], stride[0]), _same(width, size[1], stride[1]))
        rows, columns = _out(height, size[0], stride[0], pads[0]), _out(width, size[1], stride[1], pads[1])
        source, weight = random_type(rng, (5, 10), (1, 4)), random_type(rng, (4, 8), (0, 2))
        accum = Fixed(source.width + weight.width + 8, source.integer + weight.integer + 6)
        knobs: dict[str, object] = {"io": io}
        if flavour != "exact":
            accum = random_type(rng, (7, 12), (3, 5))
        if flavour == "resource":
            n_in = size[0] * size[1] * channels
            knobs |= {"strategy": "resource", "reuse": max(r for r in range(1, n_in) if n_in % r == 0)}
        types = {"input": source, "weight": weight, "bias": random_type(rng, (4, 8), (0, 2)), "accum": accum}
        types["result"] = random_type(rng, (6, 14), (3, 6))
        options = {"stride": stride, "padding": pads, "rank": rank}
        if is_depthwise:
            filters = channels
            op = DepthwiseConv(
                kernel=rng.normal(0, 1, (*size, channels, 1)), bias=rng.normal(0, 1, channels), **options
            )
        else:
            op = Conv(kernel=rng.normal(0, 1, (*size, channels, filters)), bias=rng.normal(0, 1, filters), **options)
        shape = (width, channels) if rank == 1 else (height, width, channels)
        out_shape = (columns, filters) if rank == 1 else (rows, columns, filters)
        return single(op, shape, out_shape, types, **knobs), uniform(rng, source, shape, SAMPLES)

    return build


def scanned_case(rank: int, is_depthwise: bool, is_folded: bool, share: int) -> Callable[..., Built]:
    """Make a convolution of four or eight columns that computes a share of them, or two rows, at once."""

    def build(rng: np.random.Generator) -> Built:
        channels = int(rng.integers(1, 4))
        height = 1 if rank == 1 else 6
        stride = (1, int(rng.integers(1, 3)))
        size = (1 if rank == 1 else 3, 3)
        columns, rows = 4, 1 if rank == 1 else 4
        shape = ((columns - 1) * stride[1] + 3, channels)
        source = random_type(rng, (5, 9), (2, 4), is_signed=bool(rng.integers(2)))
        knobs: dict[str, object] = {"parallel": share}
        if is_folded:
            knobs |= {"reuse": 3, "strategy": str(rng.choice(["latency", "resource"]))}
        types = {"input": source, "weight": random_type(rng, (4, 6), (0, 2)), "bias": random_type(rng, (4, 8), (0, 2))}
        types |= {"accum": random_type(rng, (8, 14), (4, 6)), "result": random_type(rng, (6, 12), (3, 6))}
        filters = channels if is_depthwise else 3
        kernel = rng.normal(0, 1, (*size, channels, 1 if is_depthwise else filters))
        kind = DepthwiseConv if is_depthwise else Conv
        op = kind(kernel=kernel, bias=rng.normal(0, 1, filters), stride=stride, rank=rank)
        in_shape, out_shape = (shape, (columns, filters)) if rank == 1 else ((height, *shape), (rows, columns, filters))
        return single(op, in_shape, out_shape, types, **knobs), uniform(rng, source, in_shape, SAMPLES)

    return build


def wide_case() -> Callable[..., Built]:
    """Make a convolution of an image so wide that its lines live in block RAMs."""

    def build(rng: np.random.Generator) -> Built:
        source = Fixed(8, 3)
        types = {"input": source, "weight": Fixed(4, 1), "bias": Fixed(6, 2), "accum": Fixed(18, 8)}
        types |= {"result": random_type(rng, (6, 10), (3, 5))}
        op = Conv(kernel=rng.normal(0, 1, (3, 2, 8, 1)), bias=rng.normal(0, 1, 1), padding=((1, 0), (0, 0)))
        shape = (4, 140, 8)
        return single(op, shape, (3, 139, 1), types, io="stream"), uniform(rng, source, shape, 6)

    return build


def dense_positions_case(reuse_columns: bool) -> Callable[..., Built]:
    """Make a dense layer at several positions with shared multipliers."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (5, 9), (2, 4))
        types = {"input": source, "weight": random_type(rng, (5, 8), (0, 2)), "bias": random_type(rng, (4, 8), (0, 2))}
        types |= {"accum": random_type(rng, (8, 14), (4, 6)), "result": random_type(rng, (6, 12), (3, 6))}
        op = Dense(kernel=rng.normal(0, 1, (6, 4)), bias=rng.normal(0, 1, 4))
        knobs = {"reuse": 12 if reuse_columns else 3, "strategy": "resource"}
        return single(op, (5, 6), (5, 4), types, **knobs), uniform(rng, source, (5, 6), SAMPLES)

    return build


def pool_case(rank: int, is_average: bool, io: str, is_global: bool, is_narrow: bool) -> Callable[..., Built]:
    """Make a random pooling."""

    def build(rng: np.random.Generator) -> Built:
        height, width = (1 if rank == 1 else int(rng.integers(4, 8))), int(rng.integers(4, 8))
        channels = int(rng.integers(1, 4))
        size = (height, width) if is_global else (1 if rank == 1 else int(rng.integers(2, 4)), int(rng.integers(2, 4)))
        rows, columns = (height - size[0]) // size[0] + 1, (width - size[1]) // size[1] + 1
        pads = ((0, 0), (0, 0))
        if io == "parallel" and not is_global:
            pads = ((0, 0) if rank == 1 else _same(height, size[0], size[0]), _same(width, size[1], size[1]))
            rows, columns = -(-height // size[0]), -(-width // size[1])
        source = random_type(rng, (6, 12), (2, 5))
        accum = random_type(rng, (6, 12), (3, 6)) if is_narrow else Fixed(source.width + 12, source.integer + 6)
        types = {"input": source, "accum": accum, "result": random_type(rng, (6, 14), (3, 6))}
        op = Pool(average=is_average, size=size, stride=size, padding=pads, rank=rank, is_global=is_global)
        shape = (width, channels) if rank == 1 else (height, width, channels)
        out_shape = (columns, channels) if rank == 1 else (rows, columns, channels)
        if is_global:
            out_shape = (channels,)
        return single(op, shape, out_shape, types, io=io), uniform(rng, source, shape, SAMPLES)

    return build


def move_case(op: object, shape: tuple[int, ...], out_shape: tuple[int, ...]) -> Callable[..., Built]:
    """Make a layer that only moves elements."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (6, 14), (2, 5), overflow=Overflow.SAT)
        return single(op, shape, out_shape, {"input": source}), uniform(rng, source, shape, SAMPLES)

    return build


def reshape_case() -> Callable[..., Built]:
    """Make a reshape followed by a ReLU."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (6, 14), (2, 5), overflow=Overflow.SAT)
        relu = Activation(function=Function.RELU)
        layers = [("reshape", Reshape(), (6, 4), {}), ("relu", relu, (6, 4), {"result": random_type(rng)})]
        return chain(layers, (3, 4, 2), source), uniform(rng, source, (3, 4, 2), SAMPLES)

    return build


def spatial_cases() -> list[Case]:
    """List the cases."""
    cases = []
    for rank in (1, 2):
        for is_same in (False, True):
            pad = "same" if is_same else "valid"
            for io in ("parallel", "stream"):
                for flavour in ("exact", "narrow", "resource"):
                    cases.append(Case(f"conv{rank}d_{pad}_{io}_{flavour}", conv_case(rank, is_same, io, flavour)))
                for flavour in ("exact", "narrow"):
                    name = f"depthwise{rank}d_{pad}_{io}_{flavour}"
                    cases.append(Case(name, conv_case(rank, is_same, io, flavour, is_depthwise=True)))
        for io in ("parallel", "stream"):
            for is_average in (False, True):
                for is_global in (False, True):
                    for is_narrow in (False, True):
                        words = ["global"] if is_global else []
                        words += ["average" if is_average else "max", f"pool{rank}d", io]
                        name = "_".join([*words, "narrow" if is_narrow else "wide"])
                        cases.append(Case(name, pool_case(rank, is_average, io, is_global, is_narrow)))
    cases += [
        Case(
            f"{'depthwise' if is_depthwise else 'conv'}{rank}d_{share}_at_once{'_folded' if is_folded else ''}",
            scanned_case(rank, is_depthwise, is_folded, share),
            differs=DEPTHWISE if is_depthwise and is_folded else "",
        )
        for rank, is_depthwise, is_folded, share in (
            (1, False, False, 4),
            (1, False, True, 2),
            (2, False, True, 2),
            (2, False, False, 8),
            (2, True, True, 16),
            (2, True, False, 16),
        )
    ]
    cases.append(Case("dense_positions", dense_positions_case(False)))
    cases.append(Case("dense_positions_turns", dense_positions_case(True), differs=TURNS))
    cases.append(Case("conv2d_wide_stream", wide_case()))
    pads = ((1, 2), (0, 3))
    cases += [
        Case("pad2d", move_case(Pad(padding=pads), (3, 4, 2), (6, 7, 2))),
        Case("pad1d", move_case(Pad(padding=((0, 0), (2, 1)), rank=1), (4, 3), (7, 3))),
        Case("crop2d", move_case(Crop(cropping=((1, 0), (1, 2))), (5, 6, 2), (4, 3, 2))),
        Case("crop1d", move_case(Crop(cropping=((0, 0), (1, 2)), rank=1), (6, 3), (3, 3))),
        Case("permute2", move_case(Permute(axes=(1, 0)), (3, 5), (5, 3))),
        Case("permute3", move_case(Permute(axes=(2, 0, 1)), (3, 4, 2), (2, 3, 4))),
        Case("upsample2d", move_case(Upsample(size=(2, 3)), (3, 2, 2), (6, 6, 2))),
        Case("upsample1d", move_case(Upsample(size=(1, 3), rank=1), (4, 2), (12, 2))),
        Case("reshape_relu", reshape_case()),
    ]
    return cases
