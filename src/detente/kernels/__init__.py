"""Kernels: geometry over columns of positions, compiled. Arrays in, arrays out; no input or output."""
