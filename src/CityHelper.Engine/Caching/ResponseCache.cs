using System.Collections.Concurrent;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Writing;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Caching;

/// <summary>
/// Answers of this server, each for as long as nothing that it depends on has changed, and one execution for all who ask the same at once.
/// </summary>
/// <remarks>
/// (1) find a stored answer, and judge it by the change log   (2) join the execution that runs, if it was started late enough
/// (3) else execute, with memory of its own, since the first caller may leave   (4) store what may be kept
/// </remarks>
internal sealed class ResponseCache : IDisposable
{
    private readonly TagTables _tables;
    private readonly ICacheTenants _tenants;
    private readonly ResponseMemory _memory;
    private readonly LogPositionCursors _cursors;
    private readonly DearAnswers _dear;
    private readonly SharedFormat _format;
    private readonly TimeProvider _time;
    private readonly MemoryCache _store;
    private readonly ConcurrentDictionary<Question, QuestionRun> _running = new();
    private readonly Coalescer<QuestionRun, SharedAnswer> _executions = new();

    /// <param name="tables">When tags last changed.</param>
    /// <param name="tenants">The host's word about tenants.</param>
    /// <param name="memory">Counts the bytes of executions.</param>
    /// <param name="cursors">Signs positions.</param>
    /// <param name="dear">What servers share.</param>
    /// <param name="format">Reads what was shared.</param>
    /// <param name="options">The size of the store.</param>
    /// <param name="time">The clock.</param>
    public ResponseCache(
        TagTables tables, ICacheTenants tenants, ResponseMemory memory, LogPositionCursors cursors, DearAnswers dear, SharedFormat format,
        ResponseCacheOptions options, TimeProvider time)
    {
        (_tables, _tenants, _memory, _cursors, _dear, _format, _time) = (tables, tenants, memory, cursors, dear, format, time);
        _store = new MemoryCache(Options.Create(new MemoryCacheOptions { SizeLimit = options.StoreBytes }));
    }

    /// <summary>The valid answer to a question.</summary>
    /// <returns>Null when none is stored, or it is no longer valid.</returns>
    public ValidAnswer? Find(Question question)
    {
        if (!_store.TryGetValue(question, out object? kept) || kept is not StoredAnswer stored || Judge(stored) is not { } valid)
        {
            return null;
        }

        Count(stored.TenantName, valid.Age > TimeSpan.Zero ? "stale" : "hit");
        return valid;
    }

    /// <summary>
    /// An answer that was just executed. It may lack what nobody knew of when it was begun, if a replica was read or the execution took
    /// long, and about all rows a replica's lacks the last seconds: it must say so as well as a stored answer, since caches downstream
    /// count from here.
    /// </summary>
    public ValidAnswer Executed(StoredAnswer answer)
    {
        TimeSpan behind = answer.DependsOnRows && _tables.Of(answer.Tenant) is { } table ? table.Behind(answer.Position) : TimeSpan.Zero;
        TimeSpan age = answer.HasAllUpTo is { } moment ? _time.GetElapsedTime(moment) : _tenants.AgeOf(answer.Tenant) ?? Limits.LogAgeMax;
        return new ValidAnswer(answer, age > Limits.LogAgeUsual ? age + behind : behind);
    }

    /// <summary>The answer of an execution: of the one that runs, or of a new one.</summary>
    /// <param name="question">The question.</param>
    /// <param name="operation">Its operation.</param>
    /// <param name="execute">Executes it; the answer's bytes are counted by the lease.</param>
    /// <param name="cancellation">Ends the caller's wait. The execution ends when nobody waits any longer.</param>
    /// <returns>The answer, and how this caller came by it.</returns>
    public async Task<(SharedAnswer Answer, AnswerOrigin Origin)> ExecuteAsync(
        Question question, Operation operation, Func<QuestionRun, MemoryLease, CancellationToken, Task<OperationResult>> execute,
        CancellationToken cancellation)
    {
        if (RecentFailure(question) is { } failed)
        {
            return (failed, AnswerOrigin.Joined);
        }

        QuestionRun run = RunFor(question);
        var asked = new Asked(question, operation, execute);
        bool isOwn = false;
        SharedAnswer answer = await _executions.AskAsync(
            run,
            (_, ending) =>
            {
                isOwn = true;
                return RunAsync(asked, run, ending);
            },
            cancellation);
        AnswerOrigin origin = isOwn ? answer.Origin : AnswerOrigin.Joined;
        if (origin != AnswerOrigin.Executed)
        {
            Count(answer.TenantName, origin == AnswerOrigin.Joined ? "joined" : "shared");
        }

        return (answer, origin);
    }

    /// <summary>A run of a question, or of one that nobody shares.</summary>
    public QuestionRun NewRun() => new(_tables, _tenants, _time);

    public void Dispose() => _store.Dispose();

    /// <summary>Keeps the larger size of an answer that was encoded.</summary>
    public void Resize(Question question, StoredAnswer stored)
    {
        if (stored.IsKept)
        {
            Keep(question, stored, stored.Bytes, Limits.StoredAnswerAgeMax);
        }
    }

    private ValidAnswer? Judge(StoredAnswer stored)
    {
        if (_tables.Of(stored.Tenant) is not { } table
            || _tenants.IsOff(stored.TenantName)
            || _tenants.AgeOf(stored.Tenant) is not { } age
            || age > Limits.LogAgeMax
            || table.Needed(stored.Slots) is not { } needed
            || stored.Position.Epoch != needed.Epoch
            || stored.Position < needed
            || table.IsAhead(stored.Position)
            || _time.GetUtcNow().UtcDateTime >= stored.Until
            || _time.GetElapsedTime(stored.StoredAt) >= Limits.StoredAnswerAgeMax)
        {
            return null;
        }

        // A log that is followed is never older than a pulse or two: that is the promise, and needs no word.
        TimeSpan behind = stored.DependsOnRows ? table.Behind(stored.Position) : TimeSpan.Zero;
        return new ValidAnswer(stored, age > Limits.LogAgeUsual ? age + behind : behind);
    }

    private SharedAnswer? RecentFailure(Question question) =>
        _store.TryGetValue(question, out object? kept) && kept is SharedAnswer failed
        && _time.GetElapsedTime(failed.MadeAt) < Limits.FailureKept
            ? failed
            : null;

    private QuestionRun RunFor(Question question)
    {
        while (true)
        {
            QuestionRun run = _running.GetOrAdd(question, static (_, cache) => cache.NewRun(), this);
            if (!run.IsBehind)
            {
                return run;
            }

            QuestionRun later = NewRun();
            if (_running.TryUpdate(question, later, run))
            {
                return later;
            }
        }
    }

    private async Task<SharedAnswer> RunAsync(Asked asked, QuestionRun run, CancellationToken cancellation)
    {
        (Question question, Operation operation, _) = asked;

        // Who asks after all others have left finds their run, whose execution may go on for a while.
        QuestionRun own = run.TryTake() ? run : NewRun();
        try
        {
            // It may have been stored since the caller looked, by a run that had ended when the caller came to join it.
            if (_store.TryGetValue(question, out object? kept) && kept is StoredAnswer late && Judge(late) is not null)
            {
                return SharedOf(late, late.Body, OperationResult.Stored(late.Policy), AnswerOrigin.Joined);
            }

            if (!_dear.IsDear(operation))
            {
                return await ReadAsync(asked, own, name: null, cancellation);
            }

            string name = _format.NameOf(question);
            return await _dear.FindAsync(name, bytes => Opened(name, bytes, operation), cancellation) is { } shared
                ? Stored(question, shared, shared.Body, OperationResult.Stored(shared.Policy), AnswerOrigin.Shared)
                : await ReadAsync(asked, own, name, cancellation);
        }
        finally
        {
            _running.TryRemove(new(question, run));
        }
    }

    /// <param name="asked">The question.</param>
    /// <param name="run">Told what the answer depends on.</param>
    /// <param name="name">The name whose lease this server may have; null when nobody waits for it.</param>
    /// <param name="cancellation">Ends the execution.</param>
    private async Task<SharedAnswer> ReadAsync(Asked asked, QuestionRun run, string? name, CancellationToken cancellation)
    {
        (Question question, Operation operation, _) = asked;
        StoredAnswer? shared = null;
        try
        {
            // Not the first caller's memory: it may leave while others wait.
            using MemoryLease memory = _memory.OpenConnection().TryBegin() ?? throw new ResponseMemoryException();
            bool isInvalidated = _store.TryGetValue(question, out object? before) && before is StoredAnswer;
            using OperationResult result = await asked.Execute(run, memory, cancellation);
            string? tenant = result.Read is { } read ? await _tenants.NameAsync(read.Tenant, cancellation) : null;
            bool isRefused = result.Errors.Any(error => error is OverloadedError or OperationSuspendedError);
            Count(tenant, isRefused ? "refused" : isInvalidated ? "invalidated" : "miss");
            bool isOff = tenant is not null && _tenants.IsOff(tenant);
            memory.Take(result.Json.Length);
            byte[] body = result.Json.ToArray();
            if (!isOff && StoredOf(body, operation, result, run, tenant) is { } stored)
            {
                if (stored.IsKept && _dear.Note(operation, result.DatabaseTime))
                {
                    shared = stored;
                    name ??= _format.NameOf(question);
                }

                return Stored(question, stored, body, result, AnswerOrigin.Executed);
            }

            // What a server must not keep nobody behind it may keep: it has no tags to purge it by.
            result.ForbidCaching();
            var answer = new SharedAnswer(body, result, null, _time.GetTimestamp()) { TenantName = tenant };
            if (answer.IsFailure)
            {
                Keep(question, answer, answer.Bytes, Limits.FailureKept);
            }

            return answer;
        }
        finally
        {
            if (name is not null)
            {
                // Those who asked do not wait for it.
                _ = _dear.EndAsync(name, shared);
            }
        }
    }

    private SharedAnswer Stored(Question question, StoredAnswer stored, byte[] body, OperationResult result, AnswerOrigin origin)
    {
        if (stored.IsKept)
        {
            Keep(question, stored, stored.Bytes, Limits.StoredAnswerAgeMax);
        }

        return SharedOf(stored, body, result, origin);
    }

    private SharedAnswer SharedOf(StoredAnswer stored, byte[] body, OperationResult result, AnswerOrigin origin) => new(
        body, result, stored, _time.GetTimestamp())
    {
        TenantName = stored.TenantName,
        Origin = origin,
    };

    private StoredAnswer? Opened(string name, byte[] bytes, Operation operation) =>
        _format.Read(name, bytes, operation, _time.GetTimestamp()) is { } stored && Judge(stored) is { } valid ? valid.Answer : null;

    // Where an area's shape and the rows are of different revisions, the answer is sent and not stored.
    private StoredAnswer? StoredOf(byte[] body, Operation operation, OperationResult result, QuestionRun run, string? tenant)
    {
        if (result.Errors.Count > 0
            || result.Cache == CachePolicy.None
            || run.Dependencies is not { } dependencies
            || result.Read is not { } read
            || read.Tenant != dependencies.Tenant
            || (dependencies.Areas is { } areas && read.Areas != areas)
            || tenant is null)
        {
            return null;
        }

        return new StoredAnswer(body, operation, result.Cache, dependencies, read.Position)
        {
            Cursor = _cursors.Sign(read.Tenant, read.Position),
            TenantName = tenant,
            StoredAt = _time.GetTimestamp(),
            HasAllUpTo = run.HasAllUpTo(read.IsOfReplica),
        };
    }

    private void Keep(Question question, object answer, int bytes, TimeSpan atMost)
    {
        if (IsWorse(question, answer))
        {
            return;
        }

        // The question too: an address may have 8,000 characters for an answer of a few bytes.
        bytes += question.Bytes;
        using ICacheEntry entry = _store.CreateEntry(question);
        entry.Value = answer;
        entry.Size = bytes;
        entry.AbsoluteExpirationRelativeToNow = atMost;
        if (answer is StoredAnswer { TenantName: var name })
        {
            var tenant = new KeyValuePair<string, object?>(EngineTelemetry.CacheTenant, name);
            EngineTelemetry.CacheBytes.Add(bytes, tenant);
            entry.RegisterPostEvictionCallback((_, _, _, _) => EngineTelemetry.CacheBytes.Add(-bytes, tenant));
        }
    }

    // Runs of one question may overlap. An earlier position, or a failure, must not drive out what is valid.
    private bool IsWorse(Question question, object answer) =>
        _store.TryGetValue(question, out object? kept)
        && kept is StoredAnswer stored
        && !ReferenceEquals(stored, answer)
        && !(answer is StoredAnswer newer && newer.Position >= stored.Position)
        && Judge(stored) is not null;

    private static void Count(string? tenant, string outcome) => EngineTelemetry.CacheAnswers.Add(
        1,
        new KeyValuePair<string, object?>(EngineTelemetry.CacheTenant, tenant ?? "none"),
        new KeyValuePair<string, object?>(EngineTelemetry.CacheOutcome, outcome));

    /// <summary>A question that is to be executed.</summary>
    private sealed record Asked(
        Question Question, Operation Operation, Func<QuestionRun, MemoryLease, CancellationToken, Task<OperationResult>> Execute);
}

/// <summary>A stored answer that is valid now.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Age">By how much it may be staler than what was just read; zero when it is as good.</param>
internal readonly record struct ValidAnswer(StoredAnswer Answer, TimeSpan Age);

/// <summary>The settings of the response cache.</summary>
public sealed class ResponseCacheOptions
{
    /// <summary>Bytes that stored answers may take.</summary>
    public long StoreBytes { get; init; } = Limits.StoreBytes;

    /// <summary>Names the build: servers of another write other bytes, and share nothing with this one.</summary>
    public string Build { get; init; } = "";
}
