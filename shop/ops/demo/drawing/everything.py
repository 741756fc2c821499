"""Every kind of thing that can be drawn."""

from shop.ops.demo.drawing import garden, lighting, living, paper, tableware
from shop.ops.demo.drawing.kinds import kinds

__all__ = ["garden", "kinds", "lighting", "living", "paper", "tableware"]
