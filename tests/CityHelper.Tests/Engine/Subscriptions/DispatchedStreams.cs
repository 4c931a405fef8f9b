using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Writing;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CityHelper.Tests.Engine.Subscriptions;

/// <summary>
/// The subscriptions of a server whose events show no row, so that no database is asked, over a log that tests write. Time is virtual.
/// </summary>
internal sealed class DispatchedStreams : IChangeHistory, IDisposable
{
    public const short Tenant = 1;
    private const string Text = "subscription { onServiceRequestChanged(city: \"nyc\") { kind cursor id status } }";
    private const string TextWithRow = "subscription { onServiceRequestChanged(city: \"nyc\") { kind id serviceRequest { id } } }";

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();
    private readonly Lock _gate = new();
    private readonly List<RowChange> _log = [];
    private readonly PlanCache _plans = new();
    private readonly PreparedOperation _prepared;
    private readonly PreparedOperation _preparedWithRow;
    private int _readers;

    public DispatchedStreams()
    {
        _prepared = Prepare(Text);
        _preparedWithRow = Prepare(TextWithRow);
        Cursors = new LogPositionCursors(new CursorKeys(new CursorKey(new byte[CursorKey.KeyBytes]), Previous: null));
        Tools = new EventTools(null!, null!, null!, Cursors, null!, this, null!, Time, NullLogger<EventStreams>.Instance)
        {
            Settings = EventStreamOptions.Usual,
            Memory = new ResponseMemory().OpenConnection(),
        };
        Streams = new EventStreams(_services.GetRequiredService<LoggedRows>(), Tools, replenishes: false);
        Streams.Reset(Tenant, new LogPosition(1, 0));
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2025, 6, 1, 0, 0, 0, TimeSpan.Zero));

    public LogPositionCursors Cursors { get; }

    public EventTools Tools { get; }

    public EventStreams Streams { get; }

    /// <summary>The number of the last change.</summary>
    public long Head
    {
        get
        {
            lock (_gate)
            {
                return _log.Count;
            }
        }
    }

    /// <summary>How far back memory reaches; what is before is read from the log.</summary>
    public long RecentFrom { get; set; } = 1;

    /// <summary>The oldest number in the log.</summary>
    public long KeptFrom { get; set; } = 1;

    /// <summary>How often the log itself was read.</summary>
    public int Reads { get; private set; }

    /// <summary>How many read the log itself at the same time, at most.</summary>
    public int ReadersMax { get; private set; }

    public void Dispose()
    {
        Streams.Dispose();
        _plans.Dispose();
        _services.Dispose();
    }

    public IReadOnlyList<RowChange>? Recent(short tenant, long from, int max) => from < RecentFrom ? null : Log(from, max);

    public async Task<IReadOnlyList<RowChange>?> ReadAsync(short tenant, long from, int max, CancellationToken cancellation)
    {
        int readers = Interlocked.Increment(ref _readers);
        lock (_gate)
        {
            Reads++;
            ReadersMax = Math.Max(ReadersMax, readers);
        }

        await Task.Yield();
        Interlocked.Decrement(ref _readers);
        return Log(Math.Max(from, KeptFrom), max);
    }

    /// <summary>A change of a row, from a status to another.</summary>
    /// <returns>Its number.</returns>
    public long Change(long row, string? before = "OPEN", string? after = "OPEN") => Tell(number =>
        new RowChange(new LogPosition(1, number), RowChangeScope.Row) { RowKey = row, Before = State(before), After = State(after) });

    /// <summary>An event of any scope.</summary>
    public long Tell(RowChangeScope scope, long? row = null) =>
        Tell(number => new RowChange(new LogPosition(1, number), scope) { RowKey = row });

    /// <summary>Opens a subscription to everything.</summary>
    /// <param name="after">The number to go on behind; null to start here.</param>
    /// <param name="status">The status that rows must have; null for any.</param>
    /// <param name="share">The client's share.</param>
    /// <param name="isOnSocket">Whether it ends with its WebSocket.</param>
    /// <param name="withRow">Whether its events show rows. There is no database: none can be read.</param>
    public async Task<(EventStream? Stream, RequestError? Refused)> TryOpenAsync(
        long? after = null, string? status = null, ClientShare? share = null, bool isOnSocket = false, bool withRow = false)
    {
        PreparedOperation prepared = withRow ? _preparedWithRow : _prepared;
        var bound = new BoundSubscription(prepared, prepared.Plan.Subscription!, Tenant)
        {
            After = after is { } number ? new LogPosition(1, number) : null,
            Where = status is null ? [] : [new LoggedFilter(0, new HashSet<string?>([status]))],
        };
        var subscriber = new Subscriber("test", share ?? ClientShare.Everybody, isOnSocket);
        return await Streams.OpenAsync(bound, default, subscriber, CancellationToken.None);
    }

    /// <summary>Opens a subscription that must not be refused.</summary>
    public async Task<EventStream> OpenAsync(long? after = null, string? status = null) => (await TryOpenAsync(after, status)).Stream!;

    /// <summary>The next event as <c>UPDATED 7</c>.</summary>
    public static async Task<string> NextAsync(EventStream stream)
    {
        StreamItem item = await stream.TakeAsync(CancellationToken.None);
        return item.End is { } end ? $"{end}" : $"{item.Event!.Kind.ToString().ToUpperInvariant()} {item.Event.Position.Number}";
    }

    /// <summary>Some events.</summary>
    public static async Task<IReadOnlyList<string>> NextAsync(EventStream stream, int count)
    {
        var told = new List<string>();
        while (told.Count < count)
        {
            told.Add(await NextAsync(stream));
        }

        return told;
    }

    /// <summary>Waits until everything that was told has been given to the streams.</summary>
    public async Task DispatchedAsync()
    {
        await using EventStreamProbe probe = new(await OpenAsync(Head));
        await NextAsync(probe.Stream);
    }

    private PreparedOperation Prepare(string text)
    {
        var schema = _services.GetRequiredService<ISchema>();
        Operation operation = Now(new OperationCompiler(schema).CompileAsync(text, null, CancellationToken.None)).Operation!;
        return Now(new OperationPreparer(schema, _plans, NullLogger<OperationPreparer>.Instance)
            .PrepareAsync(operation, default, CancellationToken.None)).Prepared!;
    }

    private long Tell(Func<long, RowChange> make)
    {
        RowChange change;
        lock (_gate)
        {
            change = make(_log.Count + 1);
            _log.Add(change);
        }

        Streams.Apply(Tenant, change);
        return change.Position.Number;
    }

    private RowChange[] Log(long from, int max)
    {
        lock (_gate)
        {
            return [.. _log.Skip((int)from - 1).Take(max)];
        }
    }

    private static RowState? State(string? status) => status is null ? null : new RowState([status, 1L, null], null, null);

    private static T Now<T>(ValueTask<T> task) => task.IsCompleted
        ? task.GetAwaiter().GetResult()
        : throw new InvalidOperationException("It waits for something.");

    private sealed class EventStreamProbe(EventStream stream) : IAsyncDisposable
    {
        public EventStream Stream => stream;

        public ValueTask DisposeAsync()
        {
            stream.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
