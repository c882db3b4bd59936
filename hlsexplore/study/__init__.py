"""Studies: designs that were evaluated on one network and data set, how they are stored, swept and chosen from."""

from hlsexplore.study.store import Store
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial

__all__ = ["Store", "Study", "Trial"]
