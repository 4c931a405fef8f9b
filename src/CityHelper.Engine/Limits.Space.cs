namespace CityHelper.Engine;

/// <summary>Limits of areas, geometries and computations with them.</summary>
public static partial class Limits
{
    /// <summary>Grid cells of one area's covering: a merge of 16 ordered index scans stays under a millisecond (measured).</summary>
    public const int AreaCellsMax = 16;

    /// <summary>Cells of one level that are tested against an area, each in about a microsecond, before a coarser level is tried.</summary>
    public const int AreaCandidatesMax = 1_024;

    /// <summary>
    /// Tiles that are tested against an area when it is split for its aggregates, in one to three microseconds each. A borough has 800
    /// boundary cells of zoom 16, which take about 4,000 tests. A client's polygon gets fewer, the more positions and parts it has.
    /// </summary>
    public const int AreaTestsMax = 12_000;

    /// <summary>Columns of cells that the tiles of a split area are written as, before neighbours are joined: some milliseconds.</summary>
    public const int AreaPartsMax = 200_000;

    /// <summary>
    /// Runs of consecutive cells that an area's aggregates read, each an index range in every partition. A map of a continent has 11,000,
    /// the band around a pole 16,384.
    /// </summary>
    public const int AreaRunsMax = 20_000;

    /// <summary>
    /// Runs that are all read, each in some 40 buffers over the parts of a statement. With more runs, the statement first drops those
    /// beyond the outermost rows, for which it asks each partition for its smallest and largest cell (30 buffers for five partitions). A
    /// map of the world has 4,096 columns; a city lies in six of them.
    /// </summary>
    public const int AreaRunsUnreachedMax = 1_024;

    /// <summary>
    /// Fine cells whose packed blocks an aggregate reads: six buffers each to find them, and 15 blocks a year. An area with more cells,
    /// such as a city whose ends of months are read, has few rows in each.
    /// </summary>
    public const int BlockCellsMax = 1_024;

    /// <summary>
    /// Estimated rows from which on packed blocks are read. Below it, finding the blocks costs more than counting rows: CPU of PostgreSQL
    /// and server, for 1,000,000 requests, 2.9 ms from blocks and 1.5 ms from rows at 500 rows, 3.4 and 3.3 ms at 5,000, 3.7 and 4.3 ms
    /// at 11,000 (docs/performance.md has the table).
    /// </summary>
    public const int BlockRowsMin = 8_000;

    /// <summary>
    /// Estimated rows up to which packed blocks are read: 18 MB from PostgreSQL and some 20 ms here. PostgreSQL counts more rows itself,
    /// in half a microsecond a row.
    /// </summary>
    public const int BlockRowsMax = 500_000;

    /// <summary>Rows from packed blocks times the edges that each may be tested against: 50 ms here, where no time limit applies.</summary>
    public const int BlockTestsMax = 25_000_000;

    /// <summary>
    /// Edges of a polygon on one horizontal line up to which points are tested against it here, in some nanoseconds for each edge. A client
    /// can draw a polygon that has thousands everywhere.
    /// </summary>
    public const int PointTestEdgesMax = 256;

    /// <summary>
    /// How many times more rows an area must have than a filter leaves before the filter's index is used. A row found by the filter costs a
    /// microsecond to read its cell from the table; the index of the cells holds everything that is counted, at a fifth of that.
    /// </summary>
    public const double RowsOfFilterTimes = 5;

    /// <summary>Cells of a set that are listed one by one; more are listed as runs.</summary>
    public const int AreaSingleCellsMax = 4_096;

    /// <summary>Clusters of one response: a screen of zoom 13 has 1,000 cells of zoom 16, a large city at zoom 13 some 3,000.</summary>
    public const int ClustersMax = 5_000;

    /// <summary>Largest zoom of a map: web maps end at 22.</summary>
    public const int MapZoomMax = 22;

    /// <summary>Groups of one aggregate, such as categories; a city has about 300 categories.</summary>
    public const int AggregateGroupsMax = 1_000;

    /// <summary>
    /// Rows whose durations are sorted for exact quantiles: 50,000 take some 40 ms. Beyond, quantiles come from counters where these
    /// support the request.
    /// </summary>
    public const int ExactDurationRowsMax = 50_000;

    /// <summary>
    /// Positions of one geometry: a borough with all its piers has 5,000 to 30,000 in full detail, a drawn area under 100. A body of 256 kB
    /// holds some 12,000.
    /// </summary>
    public const int GeometryVerticesMax = 10_000;

    /// <summary>Rings of one geometry; whether rings lie within each other is tested pair by pair.</summary>
    public const int GeometryRingsMax = 500;

    /// <summary>
    /// Positions of all geometries of a root that are computed with on the request's own thread: 50 microseconds for an outline, 0.6 ms for
    /// a comb. Larger ones wait for a separate thread.
    /// </summary>
    public const int GeometryWorkAtOncePositions = 100;

    /// <summary>
    /// Pairs of segments that are compared by one coordinate to find those whose boxes overlap: 15 ms. An outline of 10,000 positions has
    /// 100,000 pairs, the full Queens of 36,092 positions has 500,000. A comb has few along one of the two axes.
    /// </summary>
    public const long SegmentComparisonsMax = 5_000_000;

    /// <summary>
    /// Pairs of edges of one polygon whose boxes overlap, up to which its validity is checked: NTS takes 25 ms for as many. East Boston,
    /// 6,561 positions, has 6,686.
    /// </summary>
    public const long ValiditySegmentPairsMax = 200_000;

    /// <summary>Segments of one piece of a line that points are tested against: some 20 microseconds in GEOS.</summary>
    public const int LinePieceSegmentsMax = 64;

    /// <summary>Pieces that points are tested against one by one, whatever their length: some microseconds.</summary>
    public const int LinePiecesUsual = 16;

    /// <summary>
    /// Average segments per piece below which a line turns back so often that the distance of points to it is measured first. A route has
    /// 10 to 64, a zigzag one.
    /// </summary>
    public const int CrowdedPieceSegments = 8;

    /// <summary>
    /// Positions of a geometry whose edges are compared with those of areas: as many as fit a body, more than Boston's largest district
    /// with 6,561.
    /// </summary>
    public const int RelatedPositionsMax = 8_000;

    /// <summary>
    /// Pairs of monotone chains whose ranges of x overlap, within a client's geometry and between it and one area: 27 ns each in GEOS,
    /// three times over. A borough against the full Queens has 68,000.
    /// </summary>
    public const long RelatedChainPairsMax = 1_000_000;

    /// <summary>Pairs of segments whose boxes overlap, counted likewise: a borough against the full Queens has 26,277.</summary>
    public const long RelatedSegmentPairsMax = 200_000;

    /// <summary>
    /// Pairs of segments with a point in common, counted likewise: 10 microseconds each in GEOS, which cannot be interrupted meanwhile.
    /// East Boston against itself has 19,680.
    /// </summary>
    public const long RelatedContactsMax = 40_000;

    /// <summary>
    /// Positions of a client's geometry, or points where it crosses itself, times the positions of an area that they are measured to (8.5
    /// ns each) or located in (12 to 17 ns, not interruptible), for all conditions on a row together. A line with 16,000 self-crossings
    /// took 1.5 s against the full Manhattan of 6,129 positions. A community district against the full Queens has 52 million.
    /// </summary>
    public const long MeasuredPairsMax = 60_000_000;

    /// <summary>
    /// Positions of one run of a line that is measured to areas. A run's box takes as long as five positions, so a run far from an area
    /// costs a sixth of the full distance.
    /// </summary>
    public const int LineRunPositions = 32;

    /// <summary>
    /// Positions of a polygon that is shrunk before it is compared with areas. Offset edges cross each other: 50 positions take up to 17
    /// ms, 100 a tenth of a second, 200 two seconds (measured: stars and combs).
    /// </summary>
    public const int ShrunkPositionsMax = 50;

    /// <summary>Rows from packed blocks times edges after which other requests get a turn: some 4 ms.</summary>
    public const int BlockTestsPerTurn = 2_000_000;

    /// <summary>Largest width and height of a polygon in degrees; a metropolitan region has two.</summary>
    public const double AreaDegreesMax = 10;

    /// <summary>Radius of a circle in metres: a large city. For a larger area a viewport does as well.</summary>
    public const double CircleMetresMax = 50_000;
}
