using System.Runtime.CompilerServices;
using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>
/// Virtual time for asynchronous code: one thread, and every continuation and timer at its moment. The same seed gives the same history.
/// </summary>
internal sealed class ModelScheduler(int seed, bool isTraced) : SynchronizationContext
{
    private readonly PriorityQueue<Action, (long Ticks, long Order)> _queue = new();
    private readonly List<string> _trace = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;

    public Random Random { get; } = new(seed);

    public TimeSpan Now { get; private set; }

    /// <summary>The first broken invariant.</summary>
    public string? Violation { get; private set; }

    public IReadOnlyList<string> Trace => _trace;

    /// <summary>How often each ingredient happened.</summary>
    public Dictionary<string, int> Counts { get; } = [];

    public void Fail(string violation)
    {
        Violation ??= violation;
        Note($"VIOLATION: {violation}");
    }

    public bool IsTraced => isTraced;

    public void Note([InterpolatedStringHandlerArgument("")] ref TraceText text)
    {
        if (isTraced)
        {
            _trace.Add($"{Now.TotalMilliseconds,9:0.0}  {text.ToStringAndClear()}");
        }
    }

    public void Count(string ingredient) => Counts[ingredient] = Counts.GetValueOrDefault(ingredient) + 1;

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public Guid NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.NextBytes(bytes);
        return new Guid(bytes);
    }

    public void At(TimeSpan time, Action action) => _queue.Enqueue(action, (Math.Max(time.Ticks, Now.Ticks), _order++));

    public void In(double milliseconds, Action action) => At(Now + TimeSpan.FromMilliseconds(milliseconds), action);

    /// <summary>Starts an asynchronous activity; its exceptions are violations, except those of a database that is away.</summary>
    public void Start(double milliseconds, Func<Task> activity) => In(milliseconds, async () =>
    {
        try
        {
            await activity();
        }
        catch (Exception e) when (e is ChangeDatabaseException or OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            Fail($"exception: {e}");
        }
    });

    public Task DelayAsync(double milliseconds)
    {
        var done = new TaskCompletionSource();
        In(milliseconds, done.SetResult);
        return done.Task;
    }

    /// <summary>A moment of work between two statements: mostly short, sometimes long.</summary>
    public Task StepAsync() => DelayAsync(Chance(0.05) ? Random.Next(10, 400) : Random.NextDouble() * 4);

    /// <summary>Work elsewhere that goes on when the caller stops waiting.</summary>
    public static Task<T> ServeAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<T>();
        CancellationTokenRegistration registration = cancellation.Register(() => answer.TrySetCanceled(cancellation));
        _ = RunAsync();
        return answer.Task;

        async Task RunAsync()
        {
            try
            {
                answer.TrySetResult(await work());
            }
            catch (Exception e)
            {
                answer.TrySetException(e);
            }
            finally
            {
                registration.Dispose();
            }
        }
    }

    public void Run(TimeSpan until)
    {
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        try
        {
            while (Violation is null && _queue.TryPeek(out _, out (long Ticks, long) next) && next.Ticks <= until.Ticks)
            {
                Action action = _queue.Dequeue();
                Now = TimeSpan.FromTicks(next.Ticks);
                action();
            }

            Now = until;
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException("A continuation came from another thread: the history would not be repeatable.");
        }

        At(Now, () => d(state));
    }
}

/// <summary>The scheduler's time for the product.</summary>
/// <param name="scheduler">Virtual time.</param>
/// <param name="slowness">How many seconds its timestamps call one.</param>
internal sealed class ModelTime(ModelScheduler scheduler, int slowness = 1) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond * slowness;

    public override long GetTimestamp() => scheduler.Now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + scheduler.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(scheduler, callback, state, dueTime);

    private sealed class Timer : ITimer
    {
        private readonly ModelScheduler _scheduler;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private int _version;

        public Timer(ModelScheduler scheduler, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            (_scheduler, _callback, _state) = (scheduler, callback, state);
            Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int version = ++_version;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                _scheduler.At(_scheduler.Now + dueTime, () =>
                {
                    if (version == _version)
                    {
                        _callback(_state);
                    }
                });
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>A line of the trace, made only when there is one: most histories have none.</summary>
[InterpolatedStringHandler]
internal ref struct TraceText
{
    private DefaultInterpolatedStringHandler _text;

    public TraceText(int literal, int holes, ModelScheduler scheduler, out bool isNeeded)
    {
        isNeeded = scheduler.IsTraced;
        _text = isNeeded ? new(literal, holes) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string ToStringAndClear() => _text.ToStringAndClear();
}

/// <summary>What is wrong, made only when something is.</summary>
[InterpolatedStringHandler]
internal ref struct ViolationText
{
    private DefaultInterpolatedStringHandler _text;

    public ViolationText(int literal, int holes, bool isTrue, out bool isNeeded)
    {
        isNeeded = !isTrue;
        _text = isNeeded ? new(literal, holes) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string ToStringAndClear() => _text.ToStringAndClear();
}
