namespace CityHelper.Server.Telemetry;

/// <summary>
/// The ids of all log messages of the server, in order: 2000 statistics, 2100 Redis, 2110 the change log in Redis, 2120 memory, 2200 shared
/// operations, 2300 health, 2400 the watcher of statements, 2500 telemetry, 2600 the change log. An id is never reused for another message:
/// filters and alarms of operators name them.
/// </summary>
internal static class EventIds
{
    public const int StatisticsRead = 2000;
    public const int StatisticsNotRead = 2001;
    public const int CountersCompacted = 2002;
    public const int CountersNotCompacted = 2003;
    public const int CityNotCompacted = 2004;
    public const int BoundariesCounted = 2005;
    public const int BlocksPacked = 2006;

    public const int RedisAway = 2100;
    public const int RedisBack = 2101;

    public const int StreamEntryIgnored = 2110;
    public const int InboxRefused = 2111;
    public const int InboxNotAnnounced = 2112;

    public const int MemoryTrimmed = 2120;

    public const int OperationTampered = 2200;

    public const int DatabaseNotReady = 2300;
    public const int DatabaseReady = 2301;
    public const int IndexNotAsRequired = 2302;

    public const int BackendTerminated = 2400;
    public const int BackendRunsOn = 2401;
    public const int NotWatched = 2402;

    public const int MetricsServed = 2500;

    public const int ChangesNotRead = 2600;
    public const int ChangesTrimmed = 2601;
    public const int ChangesNotTrimmed = 2602;
    public const int ChangesAway = 2603;
    public const int ChangesBack = 2604;
    public const int StreamAway = 2605;
    public const int StreamBack = 2606;
    public const int StreamBegun = 2607;
    public const int EventLost = 2608;
    public const int HoleInLog = 2609;
    public const int ChangesNotFollowed = 2610;
    public const int CityNotFollowed = 2611;
    public const int CityNotCopied = 2612;

    public const int CacheSettingsNotRead = 2700;
    public const int CacheSwitchedOff = 2701;
    public const int CacheSwitchedOn = 2702;
}
