"""What the scripts of golden files share: the numbers that the tests compute too, and how results are written down."""

import numpy as np


def seeded(seed, count):
    """`count` float32 numbers in [-1, 1): mulberry32, as in test/support/numbers.ts."""
    u32 = lambda x: x & np.uint64(0xFFFFFFFF)
    state = u32(np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5))
    mixed = u32((state ^ (state >> np.uint64(15))) * (state | np.uint64(1)))
    mixed ^= u32(mixed + u32((mixed ^ (mixed >> np.uint64(7))) * (mixed | np.uint64(61))))
    return ((mixed ^ (mixed >> np.uint64(14))).astype(np.float64) / 2**31 - 1).astype(np.float32)


def rounded(tree, digits):
    if isinstance(tree, dict):
        return {key: rounded(value, digits) for key, value in tree.items()}
    if isinstance(tree, list):
        return [rounded(value, digits) for value in tree]
    return float(f"{tree:.{digits}g}") if isinstance(tree, float) else tree
