namespace CityHelper.Data;

/// <summary>Every number that bounds something in the data layer, with its reason.</summary>
public static class Limits
{
    /// <summary>Bytes of a text file that a command reads whole, such as a schema: ours has 100 kB.</summary>
    public const int TextFileBytesMax = 16 << 20;

    /// <summary>Characters of a sentence that a command says of its input: names and texts of files are in them, however long.</summary>
    public const int SentenceCharsMax = 2_000;

    /// <summary>
    /// How long a second process waits while the first migrates: longer than scripts take that build no index over a large city. One that
    /// does may take longer, and then it is better to say so than to wait without a word.
    /// </summary>
    public static readonly TimeSpan MigrationWaitMax = TimeSpan.FromMinutes(5);

    /// <summary>The first year the platform keeps: 311 lines with computers behind them are not older.</summary>
    public const int YearMin = 2000;

    /// <summary>The last year a partition is made for: beyond it a date is a typing error.</summary>
    public const int YearMax = 2100;

    /// <summary>How far ahead of the clock a source may be: a zone misread at the source is less than a day.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromDays(1);

    /// <summary>Cities on one platform: the id is a smallint, and each has its own partitions.</summary>
    public const int CitiesMax = 1_000;

    /// <summary>Length of a city's slug: <c>service_request_</c> + slug + <c>_2026</c> must fit PostgreSQL's 63.</summary>
    public const int SlugCharsMax = 40;

    /// <summary>Types of one city. New York has about 300; a file that brings more has ids where types should be.</summary>
    public const int CategoriesMax = 10_000;

    /// <summary>Agencies of one city, for the same reason.</summary>
    public const int AgenciesMax = 1_000;

    /// <summary>Names and codes: key, status, postal code, channel, district, agency. Real ones stay below 100.</summary>
    public const int NameCharsMax = 200;

    /// <summary>Titles and addresses.</summary>
    public const int LineCharsMax = 500;

    /// <summary>Descriptions and resolutions: the longest real one is below 1,500.</summary>
    public const int TextCharsMax = 8_000;

    /// <summary>
    /// Bytes of a file to import, as it lies there and decompressed: New York's whole history, 40 million rows of 570 bytes, is some 25 GB.
    /// What is read is never held; a bomb ends here.
    /// </summary>
    public const long ImportBytesMax = 64L << 30;

    /// <summary>Lines of a file to import, so that they are counted in 32 bits: New York's whole history has some 40 million.</summary>
    public const int ImportLinesMax = 1_000_000_000;

    /// <summary>
    /// Rows that a rejects file lists: who puts them right needs to see the kinds of faults, and a file with more has one fault in each.
    /// </summary>
    public const int RejectsRowsMax = 100_000;

    /// <summary>Bytes of a rejects file, but for its last line: 670 for each of these rows, as long as the portal's are.</summary>
    public const int RejectsBytesMax = 64 << 20;

    /// <summary>
    /// Characters of a record in a rejects file, and of why it was refused: the longest in the files we have has 917. Five thousand wait in
    /// memory at once while the database is busy, 40 MB of such.
    /// </summary>
    public const int RejectsRecordCharsMax = 4_000;

    /// <summary>One CSV record. A quote that is never closed swallows the file; here it is noticed instead.</summary>
    public const int RecordCharsMax = 1 << 20;

    /// <summary>Columns of a CSV file: the widest portal export has 47.</summary>
    public const int ColumnsMax = 200;

    /// <summary>Rows of one merge transaction: about a second of work, so that an interruption costs little and a
    /// lock is held briefly, yet the commit's fsync is spread over many rows.</summary>
    public const int MergeRowsMax = 20_000;

    /// <summary>Connections that merge at once: the merge is bound by one backend's CPU, and the machine has to serve beside it.</summary>
    public const int MergeWorkers = 2;

    /// <summary>Steps of the linear probe for a free id: 2^21 ids share a millisecond, so more than a few means a fault.</summary>
    public const int IdProbesMax = 10_000;

    /// <summary>The newest requests of a category that are asked for its most frequent agency: bounded, however large the
    /// city has grown, and it follows when a duty moves to another agency.</summary>
    public const int AgencySampleRows = 2_000;

    /// <summary>Rows one run of the generator makes: 2 M for load tests with room above.</summary>
    public const int GeneratedRowsMax = 20_000_000;

    /// <summary>Status texts without a mapping that an import lists; more of them say that the column holds something else.</summary>
    public const int UnknownStatusesMax = 100;

    /// <summary>
    /// Characters of an input's name in that of its rejects file: four bytes each at most, of the 255 that a file name may have.
    /// </summary>
    public const int RejectsNameCharsMax = 50;

    /// <summary>Deltas of one fold: a second of work. Larger folds write less, since more deltas meet in one counter, but readers add up
    /// what is not folded yet: 40,000 deltas take them 10 ms.</summary>
    public const int FoldRowsMax = 40_000;

    /// <summary>
    /// How often a server looks for deltas that others left: short beside what a reader of statistics notices, and one small statement.
    /// </summary>
    public static readonly TimeSpan FoldEvery = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Changes of one fold that are held against the tiles of each boundary, a tenth of a microsecond each; of more, as an import has, the
    /// months decide alone.
    /// </summary>
    public const int BoundaryChangesMax = 1_000;

    /// <summary>
    /// Deltas that wait in a city beyond which nothing is packed or counted anew: an import runs, and would want it again.
    /// </summary>
    public const int FillChangesMax = 1_000;

    /// <summary>Packs that one transaction packs anew: a tenth of a second of work, for which folds of the city wait.</summary>
    public const int FillPacksMax = 5_000;

    /// <summary>
    /// Months of a boundary that one transaction counts: those of a borough of New York take some seconds, and folds of the city wait.
    /// </summary>
    public const int BoundaryMonthsMax = 12;

    /// <summary>Differences that a comparison tells: enough to see what they have in common.</summary>
    public const int DifferencesShownMax = 20;

    /// <summary>
    /// Bytes of a file of boundaries, decompressed. New York's boroughs at full detail are 3.3 MB; it is read into memory whole.
    /// </summary>
    public const int BoundaryFileBytesMax = 64 << 20;

    /// <summary>Features of one file, which is one kind: New York has 188 neighbourhoods and 2,300 census tracts.</summary>
    public const int BoundariesMax = 2_500;

    /// <summary>Vertices of one file: the boroughs at full detail have 81,000; checking and simplifying them takes a second.</summary>
    public const int BoundaryVerticesMax = 1_000_000;

    /// <summary>Rings of one file, for the same reason: each is an object of its own in every step. The boroughs have 118.</summary>
    public const int BoundaryRingsMax = 20_000;

    /// <summary>
    /// Nesting of a GeoJSON file: a MultiPolygon in a collection of features is nine deep, and each collection of geometries adds two.
    /// </summary>
    public const int BoundaryNestingMax = 24;

    /// <summary>Length of a kind, which stands in URLs.</summary>
    public const int BoundaryKindCharsMax = 40;

    /// <summary>
    /// Share of the area that a repair may change. What self-intersections of digitised borders enclose is far less; a bow-tie or
    /// overlapping parts are more, and what was meant is not known.
    /// </summary>
    public const double BoundaryRepairShareMax = 0.01;

    /// <summary>
    /// Crossings of a shape with itself that are repaired: real files have one or two, and the work grows with them, a third of a
    /// millisecond each.
    /// </summary>
    public const int BoundaryCrossingsMax = 1_000;

    /// <summary>Crossings of all shapes of a file: ten such shapes, some seconds.</summary>
    public const int FileCrossingsMax = 10_000;

    /// <summary>
    /// How often an edge of a shape may lie on another of its edges, in 7 microseconds of its repair each (measured): a street drawn there
    /// and back has as many as edges.
    /// </summary>
    public const int BoundaryOverlapsMax = 20_000;

    /// <summary>The same of all shapes of a file: a second and a half.</summary>
    public const int FileOverlapsMax = 200_000;

    /// <summary>
    /// Pairs of a shape's edges whose boxes meet and that are no neighbours. Checking, simplifying and cutting it into pieces take some
    /// seconds when they are that many (measured, the worst with spirals and combs); the largest borough at full detail has 1,438, and
    /// 20,000 positions that all wind around each other have 200 million, and took 10 to 56 s in each step.
    /// </summary>
    public const int BoundaryEdgePairsMax = 100_000;

    /// <summary>The same of all shapes of a file, each counted alone.</summary>
    public const int FileEdgePairsMax = 200_000;

    /// <summary>
    /// The same of all shapes of a kind together, which are simplified together: every edge that neighbours share is one. New York's 188
    /// neighbourhoods have 19,500, of 17,000 edges; so the most vertices that there may be have fewer than these.
    /// </summary>
    public const int KindEdgePairsMax = 2_000_000;

    /// <summary>
    /// Rings of one shape: 5,000 holes are cut into pieces in two seconds, twice as many in six. The borough with the most has 37.
    /// </summary>
    public const int RingsOfBoundaryMax = 5_000;

    /// <summary>
    /// Edges of rings that points are held against, some nanoseconds each, to tell which ring lies in which: each ring is held against all
    /// of every ring whose box is around its own. A shape of 100,000 vertices with 2,000 holes has 200 million.
    /// </summary>
    public const long BoundaryPointTestsMax = 250_000_000;

    /// <summary>The same of all shapes of a file: some seconds.</summary>
    public const long FilePointTestsMax = 1_000_000_000;

    /// <summary>Different properties of a file's features: portals write some twenty.</summary>
    public const int BoundaryPropertiesMax = 1_000;

    /// <summary>Square metres below which a part or a hole is a slip of digitising: no district is smaller than a parking space.</summary>
    public const double BoundarySliverSquareMetres = 1;

    /// <summary>Vertices of the pieces that boundaries are cut into: fewer make more pieces, more make each test slower.</summary>
    public const int BoundaryPartVertices = 64;

    /// <summary>
    /// Shapes of one city that a server keeps in memory: a city has some three hundred boundaries; those beyond are read anew.
    /// </summary>
    public const int BoundaryShapesMax = 1_000;

    /// <summary>Requests from the oldest to the newest that stand for all of them: as many as one look-up of several takes.</summary>
    public const int SpreadIds = 50;
}
