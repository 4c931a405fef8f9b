namespace CityHelper.Engine;

/// <summary>Bounds of areas, geometries and what is computed with them.</summary>
public static partial class Limits
{
    /// <summary>Grid cells that one area becomes at most: a merge of 16 ordered walks stays under a millisecond (measured).</summary>
    public const int AreaCellsMax = 16;

    /// <summary>Cells of one level that are held against an area, each in about a microsecond, before a coarser level is tried.</summary>
    public const int AreaCandidatesMax = 1_024;

    /// <summary>
    /// Tiles that are held against an area when it is cut for its figures, in one to three microseconds each: a borough has a rim of 800 of
    /// zoom 16, which takes about 4,000. Of a polygon that a client sends fewer, the more positions and parts it has.
    /// </summary>
    public const int AreaTestsMax = 12_000;

    /// <summary>Columns of cells that the tiles of a cut area are written as, before neighbours are joined: some milliseconds.</summary>
    public const int AreaPartsMax = 200_000;

    /// <summary>
    /// Runs of cells that an area's figures are read by, each a range of an index in every leaf: a map of a continent has 11,000, the band
    /// around a pole 16,384.
    /// </summary>
    public const int AreaRunsMax = 20_000;

    /// <summary>
    /// Runs that are all looked for, in some 40 buffers each over the parts of a statement. Of more, those beyond the outermost rows are
    /// left out first, for which a statement asks each leaf for its ends (30 buffers for five leaves): of a map of the world 4,096 columns,
    /// of which a city has six.
    /// </summary>
    public const int AreaRunsUnreachedMax = 1_024;

    /// <summary>
    /// Fine cells whose packs are read for a figure: six buffers each to find them, and 15 packs a year. What has more of them, such as a
    /// city whose ends of months are read, has few rows in each.
    /// </summary>
    public const int PackCellsMax = 1_024;

    /// <summary>
    /// Rows that are counted from packs, by the estimate: 18 MB from PostgreSQL and some 20 ms here. What is more is counted by PostgreSQL,
    /// in half a microsecond a row.
    /// </summary>
    public const int PackRowsMax = 500_000;

    /// <summary>Rows from packs times the edges that each may be held against: 50 ms here, where no time limit ends it.</summary>
    public const int PackTestsMax = 25_000_000;

    /// <summary>
    /// Edges of a polygon at one height up to which points are held against it here, some nanoseconds for each; a client can draw one that
    /// has thousands everywhere.
    /// </summary>
    public const int PointTestEdgesMax = 256;

    /// <summary>
    /// How many times more rows an area must have than a filter leaves for them to be found by the filter: each of those is read in its
    /// table for its cell, a microsecond, where the cells' own index has all that is counted, in a fifth of that.
    /// </summary>
    public const double RowsOfFilterTimes = 5;

    /// <summary>Cells of a set that are named one by one; more are named by the runs they stand in.</summary>
    public const int AreaSingleCellsMax = 4_096;

    /// <summary>Clusters of one answer: a screen of zoom 13 has 1,000 cells of zoom 16, a large city at zoom 13 some 3,000.</summary>
    public const int ClustersMax = 5_000;

    /// <summary>Zooms of a map: web maps end at 22.</summary>
    public const int MapZoomMax = 22;

    /// <summary>Groups of one figure, such as categories, at most; a city has about 300 categories.</summary>
    public const int FigureGroupsMax = 1_000;

    /// <summary>
    /// Rows whose times until done are sorted for exact quantiles: 50,000 take some 40 ms. Beyond, the quantiles come from counters where
    /// those know what is asked.
    /// </summary>
    public const int ExactDurationRowsMax = 50_000;

    /// <summary>
    /// Positions of one geometry: a borough with all its piers is 5,000 to 30,000 in full detail, a drawn area under 100, and 256 kB hold
    /// some 12,000.
    /// </summary>
    public const int GeometryVerticesMax = 10_000;

    /// <summary>Rings of one geometry; whether rings lie within each other is judged pair by pair.</summary>
    public const int GeometryRingsMax = 500;

    /// <summary>
    /// Positions of all geometries of a root that are computed with where the request is answered: 50 microseconds of an outline, 0.6 ms of
    /// a comb. More wait for a thread of their own.
    /// </summary>
    public const int GeometryWorkAtOncePositions = 100;

    /// <summary>
    /// Pairs of segments that are compared by one coordinate to find those whose boxes overlap: 15 ms. An outline of 10,000 positions has
    /// 100,000, the full Queens of 36,092 has 500,000; a comb has few over one axis or the other.
    /// </summary>
    public const long SegmentComparisonsMax = 5_000_000;

    /// <summary>
    /// Pairs of edges of one polygon whose boxes overlap, up to which it is judged whether it is valid: NTS takes 25 ms for as many. East
    /// Boston, 6,561 positions, has 6,686.
    /// </summary>
    public const long ValiditySegmentPairsMax = 200_000;

    /// <summary>Segments of a piece of a line that points are held against: some 20 microseconds in GEOS.</summary>
    public const int LinePieceSegmentsMax = 64;

    /// <summary>Pieces that points are held against one by one, whatever their length: some microseconds.</summary>
    public const int LinePiecesUsual = 16;

    /// <summary>
    /// Segments of the pieces of a line, on average, below which it turns back so often that points are measured to it first: a route has
    /// 10 to 64, a zigzag one.
    /// </summary>
    public const int CrowdedPieceSegments = 8;

    /// <summary>
    /// Positions of a geometry that is compared with areas by what their edges have in common: those that fit a body, Boston's largest
    /// district of 6,561 among them.
    /// </summary>
    public const int RelatedPositionsMax = 8_000;

    /// <summary>
    /// Pairs of monotone chains, of a client's geometry and between it and one area, whose ranges of x overlap: 27 ns each in GEOS, three
    /// times over. A borough against the full Queens has 68,000.
    /// </summary>
    public const long RelatedChainPairsMax = 1_000_000;

    /// <summary>Pairs of segments whose boxes overlap, likewise: a borough against the full Queens has 26,277.</summary>
    public const long RelatedSegmentPairsMax = 200_000;

    /// <summary>
    /// Pairs of segments with a point in common, likewise: 10 microseconds each in GEOS, which cannot be interrupted meanwhile. East Boston
    /// against itself has 19,680.
    /// </summary>
    public const long RelatedContactsMax = 40_000;

    /// <summary>
    /// Positions of a client's geometry, or places where it crosses itself, times the positions of an area that they are measured to (8.5
    /// ns each) or looked up in (12 to 17 ns), which cannot be interrupted, of all conditions on a row together. A line that crosses itself
    /// 16,000 times took 1.5 s against the full Manhattan of 6,129 positions. A community district against the full Queens has 52 million.
    /// </summary>
    public const long MeasuredPairsMax = 60_000_000;

    /// <summary>
    /// Positions of a run of a line that is measured to areas: its box takes as long as five, so a run that is far from an area costs a
    /// sixth of it.
    /// </summary>
    public const int LineRunPositions = 32;

    /// <summary>
    /// Positions of a polygon that is shrunk before it is compared with areas: offset edges cross each other, and 50 take up to 17 ms, 100
    /// a tenth of a second, 200 two seconds (measured: stars and combs).
    /// </summary>
    public const int ShrunkPositionsMax = 50;

    /// <summary>Rows from packs times edges after which other requests have their turn: some 4 ms.</summary>
    public const int PackTestsPerTurn = 2_000_000;

    /// <summary>Width and height of a polygon in degrees: a metropolitan region is two, and straight edges on a map bend beyond.</summary>
    public const double AreaDegreesMax = 10;

    /// <summary>Radius of a circle in metres: a large city; beyond it a viewport says the same.</summary>
    public const double CircleMetresMax = 50_000;
}
