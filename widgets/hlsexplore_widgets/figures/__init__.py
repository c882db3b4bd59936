"""Figures in two pure steps: data -> frozen info -> plotly figure. Colours are the page's CSS variables."""

from hlsexplore_widgets.figures.base import figure_json
from hlsexplore_widgets.figures.blame import BlameInfo, blame_figure, blame_info
from hlsexplore_widgets.figures.decisions import DecisionInfo, decision_figure, decision_info
from hlsexplore_widgets.figures.errors import ErrorInfo, error_figure, error_info
from hlsexplore_widgets.figures.importance import ImportanceInfo, importance_figure, importance_info
from hlsexplore_widgets.figures.parallel import ParallelInfo, parallel_figure, parallel_info
from hlsexplore_widgets.figures.pareto import ParetoInfo, pareto_figure, pareto_info
from hlsexplore_widgets.figures.progress import ProgressInfo, progress_figure, progress_info
from hlsexplore_widgets.figures.resources import ResourceInfo, latency_figure, resource_figure, resource_info
from hlsexplore_widgets.figures.values import ValueInfo, value_figure, value_info

__all__ = [
    "BlameInfo",
    "DecisionInfo",
    "ErrorInfo",
    "ImportanceInfo",
    "ParallelInfo",
    "ParetoInfo",
    "ProgressInfo",
    "ResourceInfo",
    "ValueInfo",
    "blame_figure",
    "blame_info",
    "decision_figure",
    "decision_info",
    "error_figure",
    "error_info",
    "figure_json",
    "importance_figure",
    "importance_info",
    "latency_figure",
    "parallel_figure",
    "parallel_info",
    "pareto_figure",
    "pareto_info",
    "progress_figure",
    "progress_info",
    "resource_figure",
    "resource_info",
    "value_figure",
    "value_info",
]
