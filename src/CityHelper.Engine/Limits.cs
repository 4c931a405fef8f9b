namespace CityHelper.Engine;

/// <summary>Every number that bounds something in the engine, with its reason.</summary>
public static partial class Limits
{
    /// <summary>Rows of a page when neither <c>first</c> nor <c>last</c> is given (HotChocolate's default).</summary>
    public const int PageRowsDefault = 10;

    /// <summary>Rows of a page at most; a map shows 50, an export pages.</summary>
    public const int PageRowsMax = 100;

    /// <summary>Rows of an unpaged root list (the cities of the platform: 50 planned, four times that allowed).</summary>
    public const int ListRowsMax = 200;

    /// <summary>Ids of one <c>nodes</c> (HotChocolate's maximum).</summary>
    public const int NodeIdsMax = 50;

    /// <summary>
    /// Statements that the ids of one request may need: one per type, partition and list; a page of search results needs a handful.
    /// </summary>
    public const int NodeStatementsMax = 200;

    /// <summary>Keys that a loader sends in one call: an array parameter of this length plans and runs in about a millisecond.</summary>
    public const int LoaderKeysMax = 1_000;

    /// <summary>
    /// Rows that a nested list may hold for all its parents together, by its page sizes: 100 categories with their newest 100 requests.
    /// More is a report, not a page.
    /// </summary>
    public const int NestedRowsMax = 10_000;

    /// <summary>
    /// Rows of another table around one point: a place lies in one area of each kind, in two or three at a border, and a partition has half
    /// a dozen kinds.
    /// </summary>
    public const int AroundRowsMax = 20;

    /// <summary>
    /// Decimals of the coordinates of lines and areas: 0.000001 degrees are 11 centimetres, finer than borders are surveyed and than a
    /// screen shows, in half the bytes of the full numbers.
    /// </summary>
    public const int CoordinateDecimals = 6;

    /// <summary>
    /// Days of a creation time range that may be read row by row: a month of a city with five million requests a year is 430,000 rows, half
    /// a second.
    /// </summary>
    public const int ScanDaysMax = 31;

    /// <summary>
    /// The share of a city's rows that may be read one by one for a filter that no index serves, when its categories or agencies leave no
    /// fewer: the most frequent category of New York has 15 %, its police half. Of 50,000 rows these are 10,000, some 15 ms; all of them,
    /// with an <c>or</c> of 40, took 6.9 s (measured).
    /// </summary>
    public const double ScanShareMax = 0.2;

    /// <summary>
    /// Rows that may be read so whatever their share: those of a month of the largest city (<see cref="ScanDaysMax"/>), half a second.
    /// </summary>
    public const int ScanRowsMax = 500_000;

    /// <summary>Rows that may always be read so: 10 ms, the whole of a small city.</summary>
    public const int ScanRowsAlways = 5_000;

    /// <summary>
    /// The share that the rows below parents may have which are not known before they are read. It is of the largest that there are: five
    /// categories have 46 % of New York's rows, one agency 48 %.
    /// </summary>
    public const double ScanParentsShareMax = 0.5;

    /// <summary>Parents whose rows may be read one by one for a filter that no index serves: as many as a person would name.</summary>
    public const int ScanParentsMax = 5;

    /// <summary>Rows that may be sorted for one page: 1,500 take 3 ms to read and sort (measured), so these take some 20.</summary>
    public const int SortRowsMax = 10_000;

    /// <summary>
    /// Metres around a position that are searched at most: an hour's walk. In a dense place of a city with two million rows that is
    /// 280,000 of them; a filter that few of them pass then takes a second or two.
    /// </summary>
    public const double NearbyMetresMax = 5_000;

    /// <summary>
    /// Metres around a position whose rows may be read one by one for a filter that no index serves: 19,000 rows in such a place, 35 ms.
    /// </summary>
    public const double NearbyScanMetresMax = 1_000;

    /// <summary>
    /// Rows that are walked beyond a page of near rows, because the index's order is not quite the answer's: half a percent of the
    /// distance. More would be read for nothing, fewer would send more pages to the second scan.
    /// </summary>
    public const int NearbyWalkMargin = 8;

    /// <summary>Rows of a list of similar ones when <c>first</c> is not given: as many as a person looks through.</summary>
    public const int SimilarRowsDefault = 5;

    /// <summary>
    /// Metres apart when not given: a block's side. Real repetitions name the same address, and coordinates of one differ by a house or
    /// two.
    /// </summary>
    public const double SimilarMetresDefault = 100;

    /// <summary>
    /// Metres apart at most: some sixteen of the finest cells at New York, 35,000 index entries in a dense place over 90 days.
    /// </summary>
    public const double SimilarMetresMax = 500;

    /// <summary>Days between two when not given: most of what is reported twice is reported within two weeks.</summary>
    public const int SimilarDaysDefault = 14;

    /// <summary>Days between two at most; the entries that are looked at grow with them.</summary>
    public const int SimilarDaysMax = 90;

    /// <summary>Days for which a row that is closed already is still shown to whoever is about to make the same.</summary>
    public const int SimilarLatelyDays = 7;

    /// <summary>
    /// Rows whose similar ones may be looked for at once: a millisecond each in a dense place (measured), so half a second. That is for the
    /// default distance and days; of larger ones fewer.
    /// </summary>
    public const int SimilarParentsMax = 500;

    /// <summary>Characters of a draft that are compared: trigrams of a long text say no more than those of its beginning.</summary>
    public const int SimilarTextCharsMax = 1_000;

    /// <summary>Seconds between two readings of the tables' statistics: they guide the choice of a form, and change slowly.</summary>
    public const int StatisticsRefreshSeconds = 300;

    /// <summary>Bytes of a request body: the longest persisted operation of our clients is under 4 kB, free text under 50 kB.</summary>
    public const int RequestBytesMax = 256 * 1024;

    /// <summary>
    /// Bytes of a body on the wire that is refused, and still read and thrown away: so the connection stays usable, and the client reads
    /// its answer instead of a reset. More ends the connection.
    /// </summary>
    public const int RefusedBytesMax = 1024 * 1024;

    /// <summary>
    /// Requests that one JSON array may hold where arrays are allowed at all; clients that batch send 10 (Apollo's default).
    /// </summary>
    public const int BatchRequestsMax = 50;

    /// <summary>Bytes of an answer that only refuses; ours take under 250.</summary>
    public const int RefusalBytesMax = 512;

    /// <summary>
    /// Bytes below which an answer is sent as it is: it fits one packet either way, and compressing costs 20 microseconds.
    /// </summary>
    public const int CompressedBytesMin = 1_024;

    /// <summary>Numbers below it are 0: the square of this one, and that by a thousandth, still is a number.</summary>
    public const double NumberMin = 1e-100;

    /// <summary>Characters of an operation's text. Parsing is linear, so this bounds its time to a few milliseconds.</summary>
    public const int DocumentCharsMax = 64 * 1024;

    /// <summary>
    /// Tokens of an operation's text, counted before anything is made of them (Apollo Router's and graphql-java's bound): the longest
    /// operation of our clients has 300, a drawn area of a thousand positions 4,000.
    /// </summary>
    public const int DocumentTokensMax = 15_000;

    /// <summary>Nesting of a document that the parser accepts; its stack is the reason (CVE-2026-40324 class).</summary>
    public const int DocumentDepthMax = 64;

    /// <summary>
    /// Nesting of selections once fragments are expanded. A hundred fragments could hang below one another, each as deep as the parser
    /// accepts, and all that walks selections does so on its stack. A tool's introspection is 15 deep.
    /// </summary>
    public const int SelectionDepthMax = 64;

    /// <summary>
    /// Selections of an operation once fragments are expanded, equal ones too. Repeated spreads grow exponentially (CVE-2025-32380 class),
    /// and what is left out by <c>@skip</c> is walked over like the rest.
    /// </summary>
    public const int ExpandedSelectionsMax = 10_000;

    /// <summary>
    /// Selections that are looked at to see whether fields can be merged: those of an operation, several times below interfaces.
    /// </summary>
    public const int MergedSelectionsMax = 50_000;

    /// <summary>
    /// Aliases of an operation once fragments are expanded. Each is a copy of its field in every row: 1,900 of a title make 5 MB of a page
    /// of a hundred (measured).
    /// </summary>
    public const int AliasesMax = 200;

    /// <summary>Operations of a document, of which one is run; all are validated.</summary>
    public const int DocumentOperationsMax = 50;

    /// <summary>
    /// Variables of an operation: each is looked for among the members of a request's JSON. The largest operation of our clients has nine.
    /// </summary>
    public const int VariablesMax = 100;

    /// <summary>Directives at one place (HotChocolate's maximum); two are known, and each may stand there once.</summary>
    public const int PlaceDirectivesMax = 4;

    /// <summary>Directives of a document: 20,000 at one field took a second to refuse (measured; CVE-2022-37734 class).</summary>
    public const int DocumentDirectivesMax = 500;

    /// <summary>Characters of an error's message. A literal of 30,000 wrong items else makes a message of a megabyte (measured).</summary>
    public const int ErrorMessageCharsMax = 1_000;

    /// <summary>Nesting of the JSON of variables; a filter of ours is at most a dozen deep.</summary>
    public const int JsonDepthMax = 64;

    /// <summary>
    /// Fields a plan may hold once fragments are expanded and equal fields are one, for each type that an object may be of.
    /// </summary>
    public const int PlannedFieldsMax = 2_000;

    /// <summary>
    /// Field cost of an operation that a client sends as text (HotChocolate's): a page of 100 with its categories and places is 310.
    /// </summary>
    public const int FieldCostMax = 1_000;

    /// <summary>Type cost of an operation that a client sends as text (HotChocolate's): the same page is 401.</summary>
    public const int TypeCostMax = 1_000;

    /// <summary>Decimals of a cost: an item of a list weighs a fifth, a position of a polygon a twentieth.</summary>
    public const int CostDecimals = 2;

    /// <summary>
    /// How many times the field cost of its manifest a published operation may cost with the variables that it comes with. A page of 100
    /// instead of 5 or 10 is 5 to 8 times, a filter with all statuses, ten categories, a time and a district's polygon of 500 positions
    /// three times more (740 of 72); four conditions on places 895.
    /// </summary>
    public const double PublishedFieldCostTimes = 15;

    /// <summary>
    /// The same for its type cost: a page of 100 instead of 5 is 19 times the objects, and objects are bounded by the answer's bytes too.
    /// </summary>
    public const double PublishedTypeCostTimes = 20;

    /// <summary>Root fields of one operation: each is at least one statement.</summary>
    public const int RootFieldsMax = 20;

    /// <summary>Statements of one batch: roots and their nested lists together.</summary>
    public const int BatchStatementsMax = 50;

    /// <summary>Elements of one list value (<c>in: [...]</c>, <c>and: [...]</c>).</summary>
    public const int InputListItemsMax = 1_000;

    /// <summary>Conditions of one <c>where</c>: planning time grows with them.</summary>
    public const int FilterConditionsMax = 50;

    /// <summary>
    /// Items of <c>and</c> and <c>or</c>, and conditions on lists, of one <c>where</c>, empty ones too: each is looked at several times.
    /// </summary>
    public const int FilterPartsMax = 200;

    /// <summary>Selections of a document before fragments are expanded; validation compares them with each other.</summary>
    public const int DocumentSelectionsMax = 2_000;

    /// <summary>Fragments of a document; validation compares them with each other.</summary>
    public const int DocumentFragmentsMax = 100;

    /// <summary>
    /// Nodes of an introspection's answer, by an estimate of its lists. A tool's full query is about 120,000; without a bound a kilobyte
    /// of nested fragments makes 113 MB (measured).
    /// </summary>
    public const int IntrospectionNodesMax = 400_000;

    /// <summary>
    /// Characters of free-text operations kept parsed and validated; a character takes about 64 bytes (measured), so 128 MB.
    /// </summary>
    public const int CachedTextCharsMax = 2_000_000;

    /// <summary>Characters of registered texts kept in memory; the latest used stay.</summary>
    public const int RegisteredTextCharsMax = 2_000_000;

    /// <summary>Share of them that leaves when another does not fit any more; at least the longest text that may be sent.</summary>
    public const double RegisteredTextsLeftOut = 0.2;

    /// <summary>
    /// How long a registered text is kept in memory: after its last use where there is no shared store, else after it was read from there.
    /// </summary>
    public static readonly TimeSpan RegisteredFor = TimeSpan.FromDays(1);

    /// <summary>New texts that a client may send in a day: an app has a hundred, in a few versions.</summary>
    public const int RegistrationsPerDay = 1_000;

    /// <summary>The largest quota that a client may be given: the ids of its day are remembered, 1.5 MB of so many.</summary>
    public const int RegistrationsPerDayMax = 10_000;

    /// <summary>
    /// Milliseconds for which an id that the shared store does not have is not looked for again. An operation that was asked for before it
    /// was published is found this much later.
    /// </summary>
    public const int MissedIdMs = 1_000;

    /// <summary>Ids of that kind that are remembered: some 200 bytes each, so 2 MB.</summary>
    public const int MissedIdsMax = 10_000;

    /// <summary>
    /// What plans may weigh that are kept, one per operation and shape of its variables, in characters of operations: a plan holds its
    /// operation, parsed, at 64 bytes a character (measured), so 128 MB. A client that sends more shapes pays for compiling.
    /// </summary>
    public const int CachedPlanWeightMax = 2_000_000;

    /// <summary>What a plan weighs at least, so that no more than 2,000 are kept.</summary>
    public const int PlanWeightMin = 1_000;

    /// <summary>What each field of a plan weighs: its writer takes some 300 bytes.</summary>
    public const int PlannedFieldWeight = 5;

    /// <summary>
    /// Characters of SQL kept for all plans and forms together, so 64 MB: a map of 16 cells with a large filter is 50,000.
    /// </summary>
    public const int CachedStatementCharsMax = 32_000_000;

    /// <summary>Bytes of an answer, and of each part that it is assembled from: the largest page of our clients is under 200 kB.</summary>
    public const int ResponseBytesMax = 16 * 1024 * 1024;

    /// <summary>Characters of the shape of a request's variables, which bounds the size of a plan too.</summary>
    public const int ShapeCharsMax = 4_096;

    /// <summary>Characters of a global id (HotChocolate's maximum).</summary>
    public const int GlobalIdCharsMax = 1_024;

    /// <summary>Characters of an operation id: a SHA-256 in hex is 64.</summary>
    public const int OperationIdCharsMax = 128;

    /// <summary>Errors written into one answer; a list of broken rows needs no more to be understood.</summary>
    public const int ErrorsMax = 50;

    /// <summary>Milliseconds a reading statement may take; the target is a P95 of 200 ms for the whole request.</summary>
    public const int StatementTimeoutMs = 5_000;

    /// <summary>
    /// Milliseconds after its limit from which on a statement that still runs is ended by the watcher. One that PostgreSQL can cancel ends
    /// within milliseconds, on a busy machine within a tenth of a second.
    /// </summary>
    public const int WatchMarginMs = 1_000;

    /// <summary>
    /// Milliseconds between two looks of the watcher at what runs; PostgreSQL is asked only when something runs for longer than a statement
    /// may.
    /// </summary>
    public const int WatchIntervalMs = 500;

    /// <summary>Backends that are remembered, those that were given up too: several times what PostgreSQL has by default.</summary>
    public const int WatchedBackendsMax = 1_000;

    /// <summary>Seconds between two reports of a backend that was terminated and still runs.</summary>
    public const int WatchReportSeconds = 60;

    /// <summary>
    /// How long a shape is not run that outlived its limit: the longest that was measured without its bound ran 200 seconds and could not
    /// be ended, so that a shape that is sent without pause takes four backends at most.
    /// </summary>
    public static readonly TimeSpan SuspendedFor = TimeSpan.FromSeconds(60);

    /// <summary>Shapes that are suspended at once: with up to 70 kB of text each, 70 MB; each has cost a backend six seconds.</summary>
    public const int SuspendedShapesMax = 200;

    /// <summary>
    /// Milliseconds within which a connection of the pool shows that it was dead before it was asked: its end is in the socket already.
    /// What fails later has run.
    /// </summary>
    public const int StaleConnectionMs = 1_000;

    /// <summary>Characters of a statement that is prepared: the longest of the published operations has some 4,000.</summary>
    public const int PreparedStatementCharsMax = 8_000;

    /// <summary>
    /// Characters of all statements that a connection keeps prepared, some 80 bytes of its backend for each (measured), so 16 MB.
    /// </summary>
    public const int PreparedConnectionCharsMax = 200_000;

    /// <summary>Milliseconds the exact count of a connection may take before its field fails.</summary>
    public const int CountTimeoutMs = 2_000;

    /// <summary>Milliseconds a request may take in all.</summary>
    public const int RequestTimeoutMs = 10_000;

    /// <summary>Limits that contradict each other must not start a server.</summary>
    /// <exception cref="InvalidOperationException">A relation between two limits is broken.</exception>
    public static void Verify()
    {
        VerifyResponses();
        Check(PageRowsDefault <= PageRowsMax, "a page without arguments must be an allowed page");
        Check(CountTimeoutMs < StatementTimeoutMs, "a count must fail before its whole batch does");
        Check(StatementTimeoutMs < RequestTimeoutMs, "a statement must fail before its request does");
        Check(QueueMs + StatementTimeoutMs < RequestTimeoutMs, "what waited must have the time for a statement");
        Check(CheapCost <= DearUnitCost, "what is just not cheap must take one place among the dear");
        Check(RetrySecondsMin <= RetrySecondsMax, "there must be a time to come back");
        Check(StatementTimeoutMs + WatchMarginMs + WatchIntervalMs < RequestTimeoutMs, "a statement that outlives its limit must be ended before its request is");
        Check(WatchIntervalMs <= WatchMarginMs, "what outlives its limit must be seen about then");
        Check(PreparedStatementCharsMax <= PreparedConnectionCharsMax, "what may be prepared must fit what a connection keeps");
        Check(RootFieldsMax <= BatchStatementsMax, "every allowed root must fit the batch");
        Check(RegistrationsPerDay <= RegistrationsPerDayMax, "the quota that clients have must be one that they may be given");
        Check(NodeIdsMax <= LoaderKeysMax, "the ids of one field must fit one call of a loader");
        Check(PageRowsMax * AroundRowsMax <= NestedRowsMax, "the areas around the rows of a page must be allowed");
        Check(ScanShareMax <= ScanParentsShareMax, "rows below an unknown parent must be allowed where named ones are");
        Check(ScanRowsAlways <= ScanRowsMax, "what may always be read must be allowed");
        Check(NearbyScanMetresMax <= NearbyMetresMax, "what may be read one by one must be an allowed distance");
        Check(AreaRunsUnreachedMax <= AreaRunsMax, "runs must be allowed before they are left out");
        Check(DocumentCharsMax <= RegisteredTextsLeftOut * RegisteredTextCharsMax, "room that is made must fit any text");
        Check(RequestBytesMax <= RefusedBytesMax, "an allowed request must be read whole");
        Check(BatchRequestsMax * RefusalBytesMax < ResponseBytesMax, "a batch must have room to refuse each of its requests");
        Check(DocumentCharsMax <= RequestBytesMax, "an allowed document must fit an allowed request");
        Check(DocumentSelectionsMax <= ExpandedSelectionsMax, "an allowed document without fragments must be allowed once they are expanded");
        Check(ExpandedSelectionsMax <= MergedSelectionsMax, "the selections of an allowed operation must be looked at once");
        Check(DocumentCharsMax + PlannedFieldsMax * PlannedFieldWeight <= CachedPlanWeightMax, "the plan of the largest operation must be kept");
    }

    private static void Check(bool holds, string relation)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"CityHelper.Engine.Limits contradict each other: {relation}.");
        }
    }
}
