namespace CityHelper.Data;

/// <summary>Every limit of the data layer, with its reason.</summary>
public static class Limits
{
    /// <summary>Bytes of a text file that a command reads whole, such as a schema: this project's has 100 kB.</summary>
    public const int TextFileBytesMax = 16 << 20;

    /// <summary>Characters of a sentence that a command prints about its input: it quotes names and texts of files, however long.</summary>
    public const int SentenceCharsMax = 2_000;

    /// <summary>
    /// How long a process waits while another migrates. Scripts that build no index over a large city take less. One that builds an index
    /// may take longer; then a message is better than a silent wait.
    /// </summary>
    public static readonly TimeSpan MigrationWaitMax = TimeSpan.FromMinutes(5);

    /// <summary>The earliest year of a request: computerised 311 lines are not older.</summary>
    public const int YearMin = 2000;

    /// <summary>The last year that gets a partition: a later date is a typing error.</summary>
    public const int YearMax = 2100;

    /// <summary>How far a source's times may be ahead of the clock: a misread time zone is less than a day.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromDays(1);

    /// <summary>Cities on one platform: the id is a smallint, and each city has its own partitions.</summary>
    public const int CitiesMax = 1_000;

    /// <summary>Length of a city's slug, as in the check constraint of <c>city.slug</c>.</summary>
    public const int SlugCharsMax = 40;

    /// <summary>Types of one city. New York has about 300; a file with more than the limit has ids in the column of types.</summary>
    public const int CategoriesMax = 10_000;

    /// <summary>Agencies of one city, for the same reason.</summary>
    public const int AgenciesMax = 1_000;

    /// <summary>Names and codes: key, status, postal code, channel, district, agency. Real ones have fewer than 100.</summary>
    public const int NameCharsMax = 200;

    /// <summary>Titles and addresses.</summary>
    public const int LineCharsMax = 500;

    /// <summary>Descriptions and resolutions: the longest real one has fewer than 1,500.</summary>
    public const int TextCharsMax = 8_000;

    /// <summary>
    /// Bytes of an import file, as stored and decompressed: New York's whole history, 40 million rows of 570 bytes, is about 25 GB. Files
    /// are streamed, not held in memory. A decompression bomb stops here.
    /// </summary>
    public const long ImportBytesMax = 64L << 30;

    /// <summary>Lines of an import file; the count must fit 32 bits. New York's whole history has about 40 million.</summary>
    public const int ImportLinesMax = 1_000_000_000;

    /// <summary>Rows listed in a rejects file: enough to see the kinds of faults. A file with more has a fault in every row.</summary>
    public const int RejectsRowsMax = 100_000;

    /// <summary>Bytes of a rejects file, without its last line: 670 for each listed row, the length of the portal's rows.</summary>
    public const int RejectsBytesMax = 64 << 20;

    /// <summary>
    /// Characters of a record in a rejects file, and of the reason: the longest in the files we have has 917. Five thousand records wait in
    /// memory while the database is busy, 40 MB at this length.
    /// </summary>
    public const int RejectsRecordCharsMax = 4_000;

    /// <summary>Characters of one CSV record. An unclosed quote would swallow the rest of the file; this limit detects it.</summary>
    public const int RecordCharsMax = 1 << 20;

    /// <summary>Columns of a CSV file: the widest portal export has 47.</summary>
    public const int ColumnsMax = 200;

    /// <summary>Rows of one merge transaction: a second of work. Interruptions cost little, locks are short, fsyncs are few.</summary>
    public const int MergeRowsMax = 20_000;

    /// <summary>Connections that merge at once: a backend's CPU bounds each, and the machine also has to serve.</summary>
    public const int MergeWorkers = 2;

    /// <summary>Steps of the linear probe for a free id: 2^21 ids share a millisecond, so more than a few steps mean a fault.</summary>
    public const int IdProbesMax = 10_000;

    /// <summary>Newest requests of a category that determine its agency: bounded work, and a duty that moves is noticed.</summary>
    public const int AgencySampleRows = 2_000;

    /// <summary>Rows of one run of the generator: 2 million for load tests, with room above.</summary>
    public const int GeneratedRowsMax = 20_000_000;

    /// <summary>Status texts without a mapping that an import lists: more mean that the column holds something else.</summary>
    public const int UnknownStatusesMax = 100;

    /// <summary>
    /// Characters of an input's name in the name of its rejects file: at most four bytes each, of the 255 that a file name may have.
    /// </summary>
    public const int RejectsNameCharsMax = 50;

    /// <summary>
    /// Deltas of one compaction: a second of work. Larger ones write less, because more deltas meet in one counter. But readers add up
    /// deltas that are not compacted yet: 40,000 take them 10 ms.
    /// </summary>
    public const int CompactionRowsMax = 40_000;

    /// <summary>
    /// How often a server looks for deltas of other processes: too short for readers of statistics to notice, and one small statement.
    /// </summary>
    public static readonly TimeSpan CompactionInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Changes of one compaction that are compared with the tiles of each boundary, a tenth of a microsecond each. With more, as in an
    /// import, the months of the changes are invalidated for all boundaries.
    /// </summary>
    public const int BoundaryChangesMax = 1_000;

    /// <summary>Waiting deltas of a city above which nothing is backfilled: an import runs and would make it stale again.</summary>
    public const int BackfillChangesMax = 1_000;

    /// <summary>Blocks that one transaction rebuilds: a tenth of a second, during which compaction of the city waits.</summary>
    public const int BackfillBlocksMax = 5_000;

    /// <summary>
    /// Months of a boundary that one transaction counts: a borough of New York takes some seconds, and compaction of the city waits.
    /// </summary>
    public const int BoundaryMonthsMax = 12;

    /// <summary>Differences that a comparison lists: enough to see what they have in common.</summary>
    public const int DifferencesShownMax = 20;

    /// <summary>
    /// Bytes of a boundary file, decompressed. New York's boroughs at full detail are 3.3 MB; the file is read into memory whole.
    /// </summary>
    public const int BoundaryFileBytesMax = 64 << 20;

    /// <summary>Features of one file, which holds one kind: New York has 188 neighbourhoods and 2,300 census tracts.</summary>
    public const int BoundariesMax = 2_500;

    /// <summary>Vertices of one file: the boroughs at full detail have 81,000, and checking and simplifying them takes a second.</summary>
    public const int BoundaryVerticesMax = 1_000_000;

    /// <summary>Rings of one file: each is an object in every step. The boroughs have 118.</summary>
    public const int BoundaryRingsMax = 20_000;

    /// <summary>
    /// Nesting of a GeoJSON file: a MultiPolygon in a FeatureCollection is nine levels deep, and each GeometryCollection adds two.
    /// </summary>
    public const int BoundaryNestingMax = 24;

    /// <summary>Length of a kind, which is part of URLs.</summary>
    public const int BoundaryKindCharsMax = 40;

    /// <summary>
    /// Share of the area that a repair may change. Self-intersections of digitised borders enclose far less. A bow-tie or overlapping parts
    /// enclose more, and the intended area is unknown.
    /// </summary>
    public const double BoundaryRepairShareMax = 0.01;

    /// <summary>
    /// Self-crossings of a shape that are repaired: real files have one or two. Each takes a third of a millisecond to repair.
    /// </summary>
    public const int BoundaryCrossingsMax = 1_000;

    /// <summary>Self-crossings of all shapes of a file: those of ten shapes at their limit, some seconds.</summary>
    public const int FileCrossingsMax = 10_000;

    /// <summary>
    /// How often an edge of a shape may lie on another of its edges: each takes 7 microseconds to repair (measured). A street drawn there
    /// and back has as many overlaps as edges.
    /// </summary>
    public const int BoundaryOverlapsMax = 20_000;

    /// <summary>Overlaps of all shapes of a file: a second and a half.</summary>
    public const int FileOverlapsMax = 200_000;

    /// <summary>
    /// Pairs of a shape's edges whose boxes intersect and that are not neighbours. At this number, checking, simplifying and cutting take
    /// some seconds (measured; spirals and combs are worst). The largest borough at full detail has 1,438. 20,000 positions that all wind
    /// around each other have 200 million, and each step took 10 to 56 s.
    /// </summary>
    public const int BoundaryEdgePairsMax = 100_000;

    /// <summary>Edge pairs of all shapes of a file, each shape counted alone.</summary>
    public const int FileEdgePairsMax = 200_000;

    /// <summary>
    /// Edge pairs of all shapes of a kind, which are simplified together: each edge that neighbours share is a pair. New York's 188
    /// neighbourhoods have 19,500 pairs of 17,000 edges. At that rate the largest number of vertices allowed stays below this limit.
    /// </summary>
    public const int KindEdgePairsMax = 2_000_000;

    /// <summary>Rings of one shape: cutting 5,000 holes takes two seconds, 10,000 take six. The borough with the most has 37.</summary>
    public const int RingsOfBoundaryMax = 5_000;

    /// <summary>
    /// Edges that points are tested against, to find which ring lies in which; some nanoseconds each. A ring is tested against all edges of
    /// every ring whose box covers its own. A shape of 100,000 vertices with 2,000 holes has 200 million.
    /// </summary>
    public const long BoundaryPointTestsMax = 250_000_000;

    /// <summary>Point tests of all shapes of a file: some seconds.</summary>
    public const long FilePointTestsMax = 1_000_000_000;

    /// <summary>Distinct property names in a file's features: portals write about twenty.</summary>
    public const int BoundaryPropertiesMax = 1_000;

    /// <summary>Square metres below which a part or a hole is a digitising error: no district is smaller than a parking space.</summary>
    public const double BoundarySliverSquareMetres = 1;

    /// <summary>Vertices of the pieces that boundaries are cut into: fewer make more pieces, more make each test slower.</summary>
    public const int BoundaryPartVertices = 64;

    /// <summary>Geometries of one city that a server caches: a city has about 300 boundaries. Others are read again.</summary>
    public const int BoundaryShapesMax = 1_000;

    /// <summary>Requests sampled evenly from the oldest to the newest: as many as one lookup of several ids takes.</summary>
    public const int SpreadIds = 50;

    /// <summary>
    /// Changed requests of an import batch that get an event each, as if mutations had changed them: a city's hourly file has a few
    /// hundred. A first import or a backlog has 20,000 in a batch; one event then says where they are.
    /// </summary>
    public const int BatchEventsMax = 1_000;

    /// <summary>
    /// Cells of zoom 14 that an event names: a large city has some 250 of them with requests. With more it touches everything.
    /// </summary>
    public const int EventCellsMax = 256;

    /// <summary>How long numbered events are kept: whoever was away for a day reads its city again.</summary>
    public static readonly TimeSpan ChangesKept = TimeSpan.FromHours(24);

    /// <summary>
    /// Events of a city, or idempotency keys, that one statement of trimming removes: a tenth of a second, far below the time limit of
    /// commands. Statements follow until all that is old is gone.
    /// </summary>
    public const int TrimmedChangesMax = 20_000;

    /// <summary>
    /// How long a mutation waits for its number: others who number the same city take milliseconds. Later it answers without a cursor.
    /// </summary>
    public static readonly TimeSpan NumberingWaitMax = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Attempts at a write that meets a deadlock: two writers who lock the same rows in another order are rare, three rarer.
    /// </summary>
    public const int WriteAttemptsMax = 6;

    /// <summary>
    /// Attempts at a batch of an import that meets writers of the same requests or keys. Each attempt fails because of another writer, and
    /// links of one batch's keys or deadlocks with it come one in many minutes.
    /// </summary>
    public const int BatchAttemptsMax = 5;

    /// <summary>
    /// How long a write may take until its commit, all attempts together: less than a request may take, so that who waits for it is told
    /// what became of it.
    /// </summary>
    public static readonly TimeSpan WriteTimeMax = TimeSpan.FromSeconds(8);

    /// <summary>
    /// How long the key of a repeatable write is remembered: clients retry within minutes, queues of phones within hours.
    /// </summary>
    public static readonly TimeSpan IdempotencyKeysKept = TimeSpan.FromHours(24);

    /// <summary>Length of the key of a repeatable write: a UUID has 36 characters.</summary>
    public const int IdempotencyKeyCharsMax = 200;

    /// <summary>Duplicates that follow a request into another one: each is a row that is locked and an event.</summary>
    public const int DuplicatesMax = 100;

    /// <summary>
    /// How long a server keeps events in memory, and Redis in the stream: longer than a deploy, and than any answer lives that is judged by
    /// them.
    /// </summary>
    public static readonly TimeSpan RecentChangesKept = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Bytes of the events that a server keeps, of all cities: ten minutes of 200 changes per second, and room for imports.
    /// </summary>
    public const long RecentChangesBytesMax = 64 << 20;

    /// <summary>Bytes of an event in memory without its cells, estimated: the record, its two states, points and a list node.</summary>
    public const int ChangeBytes = 500;

    /// <summary>
    /// Events of a city that a server reads before it is ready, and anew when an epoch begins: ten minutes of 80 changes per second, half
    /// of the memory. A beat reads them within its two seconds, on a busy machine too.
    /// </summary>
    public const int RecentChangesMax = 50_000;

    /// <summary>Events of a city that one statement or one command reads or copies: a few milliseconds.</summary>
    public const int ChangesReadMax = 1_000;

    /// <summary>
    /// Statements that one turn of following makes for a city that is far behind: then the other cities are followed, and it goes on with
    /// the next pulse.
    /// </summary>
    public const int ChangeReadsPerTurn = 20;

    /// <summary>
    /// How often a server sends the pulse: what a dead writer left waits no longer, and nobody notices a quarter of a second.
    /// </summary>
    public static readonly TimeSpan PulseInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long a pulse with its reads may take before it has failed: the freshness that it would prove is worthless then.
    /// </summary>
    public static readonly TimeSpan PulseTimeMax = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Age of an unnumbered event from which the pulse numbers it: writers number their own within milliseconds, and all servers would
    /// otherwise take the lock of a busy city at every pulse.
    /// </summary>
    public static readonly TimeSpan UnnumberedAgeMin = TimeSpan.FromMilliseconds(50);

    /// <summary>How long the pulse waits for others who number the same city: they take the events with them.</summary>
    public static readonly TimeSpan PulseNumberingWaitMax = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// How far an epoch that is read from Redis may be ahead of the clock, from which epochs come: clocks differ by less. One that is
    /// farther ahead was never given. The migration that judges witnesses (0013) has the same number.
    /// </summary>
    public static readonly TimeSpan EpochAheadMax = TimeSpan.FromDays(1);

    /// <summary>
    /// Proofs of freshness that wait until a city is followed up to them: 16 s of pulses. A replica that is farther behind serves nothing
    /// fresh anyway.
    /// </summary>
    public const int FreshnessClaimsMax = 64;

    /// <summary>
    /// How long a call to Redis may take before the database is read instead. Calls take a millisecond; a beat waits for two of them at
    /// most, and must follow the next within the two seconds that are promised.
    /// </summary>
    public static readonly TimeSpan StreamTimeMax = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a Redis that did not answer in time is left alone; the database is read meanwhile.</summary>
    public static readonly TimeSpan StreamRestTime = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often a server looks at the end of a city's stream although it has nothing to append: a Redis that lost its end, or that holds
    /// what the database lost, is noticed in a city where nothing happens.
    /// </summary>
    public static readonly TimeSpan StreamCheckInterval = TimeSpan.FromSeconds(10);
}
