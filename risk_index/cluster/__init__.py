"""Scoring on Spark: the same features, models and reasons on the executors of a cluster.

Records are read, checked and numbered on one machine, as ever, and what is learnt once for all firms
is computed there; the accepted tables lie as Parquet in a folder that all executors see. Spark computes the
matrix from the same expression as DuckDB and scores its rows where they are. The plan of the round needs
a few numbers a firm and is made on one machine again.
"""

from risk_index.cluster.scoring import Cluster, score_on

__all__ = ["Cluster", "score_on"]
