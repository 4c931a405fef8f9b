namespace CityHelper.Engine.Telemetry;

/// <summary>
/// The ids of all log messages of the engine: from 1000 HTTP, from 1100 operations and plans, from 1200 batches, from 1300
/// subscriptions, from 1400 WebSockets. An id is never reused for another message: operators' filters and alarms refer to it.
/// </summary>
internal static class EventIds
{
    public const int Answered = 1000;
    public const int RequestFailed = 1001;
    public const int RequestTimedOut = 1002;
    public const int ClientLeft = 1003;
    public const int SlowReader = 1004;
    public const int SlowStream = 1005;
    public const int SlowSubscriber = 1006;

    public const int PlanCompiled = 1100;
    public const int OperationsLoaded = 1101;
    public const int OperationDoesNotFit = 1102;
    public const int NotAllowedButDone = 1103;

    public const int Statement = 1200;
    public const int CountTimedOut = 1201;
    public const int BatchFailed = 1202;
    public const int BatchTimedOut = 1203;
    public const int StaleConnection = 1204;
    public const int GeometryNotCompared = 1205;
    public const int MutationFailed = 1206;
    public const int MutationBroken = 1207;
    public const int ReplicaFailed = 1208;
    public const int ReplicaFar = 1209;
    public const int ReplicasAway = 1210;
    public const int ReplicasBack = 1211;

    public const int EventsNotRead = 1300;
    public const int EventsNotDispatched = 1301;
    public const int Resynced = 1302;
    public const int Draining = 1303;

    public const int SocketOpened = 1400;
    public const int SocketClosed = 1401;
    public const int SocketAnswered = 1402;
    public const int SocketRefused = 1403;
    public const int SocketFailed = 1404;
    public const int SocketsDraining = 1405;
}
