namespace CityHelper.Engine;

/// <summary>Every limit of the engine, with its reason.</summary>
public static partial class Limits
{
    /// <summary>Rows of a page when neither <c>first</c> nor <c>last</c> is given (HotChocolate's default).</summary>
    public const int PageRowsDefault = 10;

    /// <summary>Largest page. A map shows 50 rows, an export pages.</summary>
    public const int PageRowsMax = 100;

    /// <summary>Rows of a root list without pages: 50 cities are planned, four times as many are allowed.</summary>
    public const int ListRowsMax = 200;

    /// <summary>Ids of one <c>nodes</c> field (HotChocolate's maximum).</summary>
    public const int NodeIdsMax = 50;

    /// <summary>
    /// Statements that the ids of one request may need: one per type, tenant and list. A page of search results needs a handful.
    /// </summary>
    public const int NodeStatementsMax = 200;

    /// <summary>Keys of one call of a loader. An array parameter of this length plans and runs in about a millisecond.</summary>
    public const int LoaderKeysMax = 1_000;

    /// <summary>
    /// Rows that a nested list may hold for all its parents together, by its page sizes: 100 categories with their newest 100 requests
    /// each. More is a report, not a page.
    /// </summary>
    public const int NestedRowsMax = 10_000;

    /// <summary>
    /// Areas around one point. A point lies in one area of each kind, in two or three at a border, and a tenant has half a dozen kinds.
    /// </summary>
    public const int AroundRowsMax = 20;

    /// <summary>
    /// Decimals of the coordinates of lines and areas. 0.000001 degrees are 11 centimetres: finer than borders are surveyed and than a
    /// screen shows, in half the bytes of the full numbers.
    /// </summary>
    public const int CoordinateDecimals = 6;

    /// <summary>
    /// Days of a <c>createdAt</c> range that may be read row by row. A month of a city with five million requests a year is 430,000 rows:
    /// half a second.
    /// </summary>
    public const int ScanDaysMax = 31;

    /// <summary>
    /// Share of a city's rows that may be read one by one for a filter without an index, after its categories or agencies have narrowed it.
    /// New York's most frequent category has 15 % of the rows, its police half. Of 50,000 rows the share is 10,000, some 15 ms; all of
    /// them, with an <c>or</c> of 40, took 6.9 s (measured).
    /// </summary>
    public const double ScanShareMax = 0.2;

    /// <summary>
    /// Upper bound of rows read one by one, whatever their share: a month of the largest city (<see cref="ScanDaysMax"/>), half a second.
    /// </summary>
    public const int ScanRowsMax = 500_000;

    /// <summary>Rows that may always be read one by one: 10 ms, the whole of a small city.</summary>
    public const int ScanRowsAlways = 5_000;

    /// <summary>
    /// Share of a city's rows that nested rows may have when their parents are known only after reading. The largest parents are assumed:
    /// five categories have 46 % of New York's rows, one agency 48 %.
    /// </summary>
    public const double ScanParentsShareMax = 0.5;

    /// <summary>Parents whose rows may be read one by one for a filter without an index: as many as a person would name.</summary>
    public const int ScanParentsMax = 5;

    /// <summary>Rows that may be sorted for one page, in some 20 ms: 1,500 take 3 ms to read and sort (measured).</summary>
    public const int SortRowsMax = 10_000;

    /// <summary>
    /// Largest search radius in metres: an hour's walk. In a dense part of a city with two million rows it holds 280,000 of them. A filter
    /// that few of them pass then takes a second or two.
    /// </summary>
    public const double NearbyMetresMax = 5_000;

    /// <summary>
    /// Radius in metres within which rows may be read one by one for a filter without an index: 19,000 rows in a dense part, 35 ms.
    /// </summary>
    public const double NearbyScanMetresMax = 1_000;

    /// <summary>
    /// Rows scanned beyond a page of nearest rows, because the index's distance order differs from the exact one by half a percent. More
    /// rows are wasted reads; fewer send more pages to the second scan.
    /// </summary>
    public const int NearbyScanMargin = 8;

    /// <summary>Default page size of a list of similar rows: as many as a person looks through.</summary>
    public const int SimilarRowsDefault = 5;

    /// <summary>
    /// Default distance in metres: one side of a block. Real duplicates name the same address, and coordinates of one address differ by a
    /// house or two.
    /// </summary>
    public const double SimilarMetresDefault = 100;

    /// <summary>
    /// Largest distance in metres: some sixteen of the finest cells at New York, 35,000 index entries in a dense part over 90 days.
    /// </summary>
    public const double SimilarMetresMax = 500;

    /// <summary>Default days between two similar rows: most duplicates are reported within two weeks.</summary>
    public const int SimilarDaysDefault = 14;

    /// <summary>Largest number of days between two similar rows; the index entries that are read grow with it.</summary>
    public const int SimilarDaysMax = 90;

    /// <summary>Days for which a closed row is still shown to somebody who is about to report the same.</summary>
    public const int SimilarLatelyDays = 7;

    /// <summary>
    /// Rows whose similar rows one request may search for: a millisecond each in a dense part (measured), half a second in all. This holds
    /// for the default distance and days; larger ones allow fewer.
    /// </summary>
    public const int SimilarParentsMax = 500;

    /// <summary>Characters of a draft that are compared: the trigrams of a long text add nothing to those of its beginning.</summary>
    public const int SimilarTextCharsMax = 1_000;

    /// <summary>Seconds between two reads of the table statistics. They guide the choice of an access path and change slowly.</summary>
    public const int StatisticsRefreshSeconds = 300;

    /// <summary>Bytes of a request body. The longest persisted operation of our clients is under 4 kB, free text under 50 kB.</summary>
    public const int RequestBytesMax = 256 * 1024;

    /// <summary>
    /// Bytes of a refused body that are still read and dropped. The connection stays usable, and the client reads the error instead of a
    /// reset. A larger body ends the connection.
    /// </summary>
    public const int RefusedBytesMax = 1024 * 1024;

    /// <summary>Largest batch of requests where JSON arrays are allowed at all. Clients that batch send 10 (Apollo's default).</summary>
    public const int BatchRequestsMax = 50;

    /// <summary>Bytes of a response that only refuses; ours take under 250.</summary>
    public const int RefusalBytesMax = 512;

    /// <summary>
    /// Bytes below which a response is not compressed: it fits one packet either way, and compressing costs 20 microseconds.
    /// </summary>
    public const int CompressedBytesMin = 1_024;

    /// <summary>Numbers below this one are treated as 0. Its square, times a thousandth, is still representable.</summary>
    public const double NumberMin = 1e-100;

    /// <summary>Characters of an operation's text. Parsing is linear, so this bounds its time to a few milliseconds.</summary>
    public const int DocumentCharsMax = 64 * 1024;

    /// <summary>
    /// Tokens of an operation's text, counted before parsing (as in Apollo Router and graphql-java). The longest operation of our clients
    /// has 300, a drawn area of a thousand positions 4,000.
    /// </summary>
    public const int DocumentTokensMax = 15_000;

    /// <summary>Nesting of a document that the parser accepts: it recurses (CVE-2026-40324 class).</summary>
    public const int DocumentDepthMax = 64;

    /// <summary>
    /// Nesting of selections once fragments are expanded. A hundred fragments can be nested, each as deep as the parser accepts, and code
    /// that visits selections recurses. A tool's introspection is 15 deep.
    /// </summary>
    public const int SelectionDepthMax = 64;

    /// <summary>
    /// Selections of an operation once fragments are expanded, duplicates included. Repeated spreads grow exponentially (CVE-2025-32380
    /// class). Selections that <c>@skip</c> leaves out count too, because they are visited as well.
    /// </summary>
    public const int ExpandedSelectionsMax = 10_000;

    /// <summary>
    /// Selections visited to check whether fields can be merged: those of an operation, several times over below interfaces.
    /// </summary>
    public const int MergedSelectionsMax = 50_000;

    /// <summary>
    /// Aliases of an operation once fragments are expanded. Each copies its field in every row: 1,900 aliases of a title make 5 MB of a
    /// page of a hundred (measured).
    /// </summary>
    public const int AliasesMax = 200;

    /// <summary>Operations of a document. One of them runs, but all are validated.</summary>
    public const int DocumentOperationsMax = 50;

    /// <summary>
    /// Variables of an operation. Each is searched for in the request's JSON. The largest operation of our clients has nine.
    /// </summary>
    public const int VariablesMax = 100;

    /// <summary>Directives at one location (HotChocolate's maximum). Two are known, each allowed once.</summary>
    public const int LocationDirectivesMax = 4;

    /// <summary>Directives of a document. Refusing 20,000 at one field took a second (measured; CVE-2022-37734 class).</summary>
    public const int DocumentDirectivesMax = 500;

    /// <summary>Characters of an error message. A literal of 30,000 wrong items would make a megabyte (measured).</summary>
    public const int ErrorMessageCharsMax = 1_000;

    /// <summary>Nesting of the JSON of variables; our filters are at most a dozen deep.</summary>
    public const int JsonDepthMax = 64;

    /// <summary>Fields of a plan once fragments are expanded and equal fields are merged, for each possible type of an object.</summary>
    public const int PlannedFieldsMax = 2_000;

    /// <summary>
    /// Field cost of an operation sent as text (HotChocolate's default). A page of 100 with its categories and locations costs 310.
    /// </summary>
    public const int FieldCostMax = 1_000;

    /// <summary>Type cost of an operation sent as text (HotChocolate's default). The same page costs 401.</summary>
    public const int TypeCostMax = 1_000;

    /// <summary>Decimals of a cost: an item of a list costs a fifth, a position of a polygon a twentieth.</summary>
    public const int CostDecimals = 2;

    /// <summary>
    /// How many times its manifest's field cost a published operation may cost with the variables of a request. A page of 100 instead of 5
    /// or 10 is 5 to 8 times. A filter with all statuses, ten categories, a time and a district's polygon of 500 positions is three times
    /// more (740 of 72); four spatial conditions cost 895.
    /// </summary>
    public const double PublishedFieldCostTimes = 15;

    /// <summary>
    /// The same for type cost. A page of 100 instead of 5 has 19 times the objects, and the response's bytes bound objects too.
    /// </summary>
    public const double PublishedTypeCostTimes = 20;

    /// <summary>Root fields of one operation; each needs at least one statement.</summary>
    public const int RootFieldsMax = 20;

    /// <summary>Statements of one batch: roots, their nested lists, and log positions.</summary>
    public const int BatchStatementsMax = 50;

    /// <summary>
    /// Rows of large tables that a statement looks up for each of its rows, one from the other: PostgreSQL plans each over all partitions
    /// of a tenant, half a millisecond, and what they lead to is mostly nothing.
    /// </summary>
    public const int KeyedRowsMax = 5;

    /// <summary>
    /// How often an operation is read whose batches lie in different epochs of the change log: epochs rise when a database is promoted or
    /// restored, so the second reading lies in one, and two of them within an operation mean that the database is not ready to be read. A
    /// reading from a replica comes before these.
    /// </summary>
    public const int ReadingsMax = 2;

    /// <summary>Items of one list value (<c>in: [...]</c>, <c>and: [...]</c>).</summary>
    public const int InputListItemsMax = 1_000;

    /// <summary>Conditions of one <c>where</c>; planning time grows with them.</summary>
    public const int FilterConditionsMax = 50;

    /// <summary>
    /// Items of <c>and</c> and <c>or</c>, and conditions on lists, of one <c>where</c>, empty ones included: each is visited several times.
    /// </summary>
    public const int FilterPartsMax = 200;

    /// <summary>Selections of a document before fragments are expanded; validation compares them pairwise.</summary>
    public const int DocumentSelectionsMax = 2_000;

    /// <summary>Fragments of a document; validation compares them pairwise.</summary>
    public const int DocumentFragmentsMax = 100;

    /// <summary>
    /// Nodes of an introspection response, estimated from its lists. A tool's full query has about 120,000. Without the limit a kilobyte of
    /// nested fragments makes 113 MB (measured).
    /// </summary>
    public const int IntrospectionNodesMax = 400_000;

    /// <summary>
    /// Characters of free-text operations that stay parsed and validated in memory. A character takes about 64 bytes (measured), so 128 MB.
    /// </summary>
    public const int CachedTextCharsMax = 2_000_000;

    /// <summary>Characters of registered texts kept in memory; the least recently used are evicted.</summary>
    public const int RegisteredTextCharsMax = 2_000_000;

    /// <summary>Share that is evicted when another text does not fit: at least the longest text allowed.</summary>
    public const double RegisteredTextsEvictedShare = 0.2;

    /// <summary>
    /// How long a registered text stays in memory: counted from its last use without a shared store, else from when it was read there.
    /// </summary>
    public static readonly TimeSpan RegisteredFor = TimeSpan.FromDays(1);

    /// <summary>New texts that a client may register in a day. An app has a hundred, in a few versions.</summary>
    public const int RegistrationsPerDay = 1_000;

    /// <summary>Largest quota that a client may be given. The ids of its day are kept in memory: 1.5 MB for this many.</summary>
    public const int RegistrationsPerDayMax = 10_000;

    /// <summary>
    /// Milliseconds for which a miss in the shared store is remembered. An operation that a client requested before it was published is
    /// found this much later.
    /// </summary>
    public const int MissedIdMs = 1_000;

    /// <summary>Misses that are remembered: some 200 bytes each, so 2 MB.</summary>
    public const int MissedIdsMax = 10_000;

    /// <summary>
    /// Weight of all cached plans, in characters of operations; there is one plan per operation and variable signature. A plan holds its
    /// parsed operation, 64 bytes a character (measured), so 128 MB. A client that sends more signatures pays for compiling.
    /// </summary>
    public const int CachedPlanWeightMax = 2_000_000;

    /// <summary>Smallest weight of a plan, so that at most 2,000 are cached.</summary>
    public const int PlanWeightMin = 1_000;

    /// <summary>Weight of each field of a plan: its writer takes some 300 bytes.</summary>
    public const int PlannedFieldWeight = 5;

    /// <summary>
    /// Characters of cached SQL, for all plans and access paths together, so 64 MB. A map of 16 cells with a large filter has 50,000.
    /// </summary>
    public const int CachedStatementCharsMax = 32_000_000;

    /// <summary>Bytes of a response, and of each part that it is assembled from. The largest page of our clients is under 200 kB.</summary>
    public const int ResponseBytesMax = 16 * 1024 * 1024;

    /// <summary>Characters of a request's variable signature; this bounds the size of a plan too.</summary>
    public const int SignatureCharsMax = 4_096;

    /// <summary>Characters of a global id (HotChocolate's maximum).</summary>
    public const int GlobalIdCharsMax = 1_024;

    /// <summary>Characters of an operation id: a SHA-256 in hex is 64.</summary>
    public const int OperationIdCharsMax = 128;

    /// <summary>Errors written into one response: enough to understand a list of broken rows.</summary>
    public const int ErrorsMax = 50;

    /// <summary>Milliseconds that a reading statement may take. The target is a P95 of 200 ms for the whole request.</summary>
    public const int StatementTimeoutMs = 5_000;

    /// <summary>
    /// Milliseconds after its time limit when the watcher terminates a statement's backend. PostgreSQL cancels most statements within
    /// milliseconds, on a busy machine within a tenth of a second.
    /// </summary>
    public const int WatchMarginMs = 1_000;

    /// <summary>
    /// Milliseconds between two checks of the watcher. It queries PostgreSQL only when something runs for longer than a statement may.
    /// </summary>
    public const int WatchIntervalMs = 500;

    /// <summary>Backends in the register, abandoned ones included: several times PostgreSQL's default maximum.</summary>
    public const int WatchedBackendsMax = 1_000;

    /// <summary>Seconds between two log messages about a backend that was terminated and still runs.</summary>
    public const int WatchReportSeconds = 60;

    /// <summary>
    /// How long an execution signature is suspended after one of its statements outlived its limit. The longest one measured without its
    /// bound ran 200 seconds and could not be ended, so a signature that a client sends without pause takes four backends at most.
    /// </summary>
    public static readonly TimeSpan SuspendedFor = TimeSpan.FromSeconds(60);

    /// <summary>Suspended signatures: with up to 70 kB of text each, 70 MB. Each has cost a backend six seconds.</summary>
    public const int SuspendedSignaturesMax = 200;

    /// <summary>
    /// Milliseconds within which a connection of the pool turns out to have been dead before it was used: its end is in the socket already.
    /// A later failure means that the statement has run.
    /// </summary>
    public const int StaleConnectionMs = 1_000;

    /// <summary>Characters of a statement that is prepared; the longest of the published operations has some 4,000.</summary>
    public const int PreparedStatementCharsMax = 8_000;

    /// <summary>
    /// Characters of all statements that a connection keeps prepared. A character takes some 80 bytes of its backend (measured), so 16 MB.
    /// </summary>
    public const int PreparedConnectionCharsMax = 200_000;

    /// <summary>Milliseconds that the exact count of a connection may take before its field fails.</summary>
    public const int CountTimeoutMs = 2_000;

    /// <summary>Milliseconds that a request may take in all.</summary>
    public const int RequestTimeoutMs = 10_000;

    /// <summary>Checks the limits against each other; a server with contradictory limits does not start.</summary>
    /// <exception cref="InvalidOperationException">A relation between two limits is broken.</exception>
    public static void Verify()
    {
        VerifyResponses();
        VerifySockets();
        VerifySubscriptions();
        Check(PageRowsDefault <= PageRowsMax, "a page without arguments must be an allowed page");
        Check(CountTimeoutMs < StatementTimeoutMs, "a count must fail before its whole batch does");
        Check(StatementTimeoutMs < RequestTimeoutMs, "a statement must fail before its request does");
        Check(QueueMs + StatementTimeoutMs < RequestTimeoutMs, "a waiting execution must have time left for a statement");
        Check(CheapCost <= DearUnitCost, "the costliest cheap execution must fit one permit");
        Check(RetrySecondsMin <= RetrySecondsMax, "there must be a time to come back");
        Check(
            StatementTimeoutMs + WatchMarginMs + WatchIntervalMs < RequestTimeoutMs,
            "a statement that outlives its limit must be ended before its request is");
        Check(WatchIntervalMs <= WatchMarginMs, "the watcher's interval must not exceed its margin");
        Check(PreparedStatementCharsMax <= PreparedConnectionCharsMax, "what may be prepared must fit what a connection keeps");
        Check(RootFieldsMax + 1 <= BatchStatementsMax, "every allowed root must fit the batch, with the statement of log positions");
        Check(RegistrationsPerDay <= RegistrationsPerDayMax, "the quota that clients have must be one that they may be given");
        Check(NodeIdsMax <= LoaderKeysMax, "the ids of one field must fit one call of a loader");
        Check(PageRowsMax * AroundRowsMax <= NestedRowsMax, "the areas around the rows of a page must be allowed");
        Check(ScanShareMax <= ScanParentsShareMax, "rows below an unknown parent must be allowed where named ones are");
        Check(ScanRowsAlways <= ScanRowsMax, "what may always be read must be allowed");
        Check(NearbyScanMetresMax <= NearbyMetresMax, "what may be read one by one must be an allowed distance");
        Check(AreaRunsUnreachedMax <= AreaRunsMax, "runs must be allowed before they are left out");
        Check(DocumentCharsMax <= RegisteredTextsEvictedShare * RegisteredTextCharsMax, "eviction must free space for the largest text");
        Check(RequestBytesMax <= RefusedBytesMax, "an allowed request must be read whole");
        Check(BatchRequestsMax * RefusalBytesMax < ResponseBytesMax, "a batch must have room to refuse each of its requests");
        Check(DocumentCharsMax <= RequestBytesMax, "an allowed document must fit an allowed request");
        Check(
            DocumentSelectionsMax <= ExpandedSelectionsMax, "an allowed document without fragments must be allowed once they are expanded");
        Check(ExpandedSelectionsMax <= MergedSelectionsMax, "the selections of an allowed operation must be looked at once");
        Check(
            DocumentCharsMax + PlannedFieldsMax * PlannedFieldWeight <= CachedPlanWeightMax,
            "the plan of the largest operation must be kept");
    }

    private static void Check(bool holds, string relation)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"CityHelper.Engine.Limits contradict each other: {relation}.");
        }
    }
}
