using System.Security.Cryptography;
using System.Text;
using CityHelper.Data.Changes;
using CityHelper.Engine;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Writing;
using CityHelper.Server.Caching;

namespace CityHelper.Tests.Changes.Model;

/// <summary>
/// The answers of a server: the product's tag tables, observer and response cache, and executions that read the model's nodes.
/// </summary>
/// <remarks>
/// An execution (1) looks the shape up (2) names its tags, and takes the position that it needs (3) reads position and data in one
/// snapshot, again from the primary when that is below the needed position or two batches contradict each other.
/// </remarks>
internal sealed class ModelAnswers : IChangeObserver, ICacheTenants, IDisposable
{
    private const int ReadingsMax = 3;

    private static readonly CachePolicy s_policy = new(60, 30);
    private static readonly LogPositionCursors[] s_cursors = [.. Enumerable.Range(0, 3).Select(Cursors)];

    private static readonly SharedFormat s_format = new(Keys(0), new ResponseCacheOptions());

    private readonly string _name;
    private readonly ModelScheduler _scheduler;
    private readonly ModelDatabase _database;
    private readonly ModelReplica? _replica;
    private readonly ModelStore _store;
    private readonly ModelRelease _release;
    private readonly PlantedFault _fault;
    private readonly TagTables _tables;
    private readonly TagObserver _observer;
    private readonly ResponseCache _cache;
    private readonly ModelShapes _shapes;
    private readonly ModelAnswerJudge _judge;
    private readonly Dictionary<ModelQuestion, Dependencies> _dependencies = [];

    public ModelAnswers(
        string name, ModelScheduler scheduler, ModelDatabase database, ModelReplica? replica, ModelStore store, ModelRelease release,
        Func<Guid, bool> knows, PlantedFault fault)
    {
        (_name, _scheduler, _database, _replica, _store, _release, _fault) = (name, scheduler, database, replica, store, release, fault);
        var time = new ModelTime(scheduler);
        _tables = new(time);
        _observer = new(_tables, time);
        TimeProvider cacheTime = fault == PlantedFault.FailureKeptTooLong ? new ModelTime(scheduler, slowness: 3) : time;
        _cache = new(
            _tables, this, new(), s_cursors[release.Key % s_cursors.Length], new DearAnswers(null, s_format, cacheTime), s_format,
            new ResponseCacheOptions(), cacheTime);
        _shapes = new(scheduler, Node);
        _judge = new(name, scheduler, database, release, knows);
    }

    /// <summary>The server's follower, which needs its observers first.</summary>
    public ChangeFollower? Follower { get; set; }

    private TimeSpan? Age => Follower!.ProvenAge(ModelQuestion.City);

    public static LogPositionCursors CursorsOf(int key) => s_cursors[key % s_cursors.Length];

    public void Dispose() => _cache.Dispose();

    public ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation) => new("nyc");

    public bool IsOff(string tenant) => false;

    public TimeSpan? AgeOf(short tenant) => Age;

    public void Apply(ChangeEvent change)
    {
        if (change.CityId == ModelQuestion.City)
        {
            _observer.Apply(Planted(change));
        }
    }

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
        if (cityId == ModelQuestion.City)
        {
            _judge.Reset();
            _observer.Reset(cityId, position, _fault == PlantedFault.None ? recent : [.. recent.Select(Planted)]);
        }
    }

    /// <summary>Answers a client: from the store, or by an execution that others may share.</summary>
    public async Task AskAsync(ModelClient client)
    {
        ModelQuestion question = client.Question;
        if (Find(question) is { } valid)
        {
            _judge.JudgeStored(client, valid, Age, Follower!.Position(ModelQuestion.City)!.Value.Epoch);
            return;
        }

        Asked asked = _judge.Ask(question, Follower!.Freshness(ModelQuestion.City), _tables.Of(ModelQuestion.City)!);
        bool isOwn = false;
        (SharedAnswer shared, _) = await _cache.ExecuteAsync(
            question.Key,
            operation: null!,
            (run, memory, _) =>
            {
                isOwn = true;
                return ExecuteAsync(question, run, memory);
            },
            CancellationToken.None);
        using OperationResult result = shared.CopyFor(MemoryLease.Uncounted);
        _judge.JudgeExecuted(client, asked, result, isOwn, shared.Stored);
        if (isOwn && shared.Stored is { } stored)
        {
            _store.Keep(question, new(stored, _dependencies[question], _release));
        }
    }

    private ValidAnswer? Find(ModelQuestion question)
    {
        if (_cache.Find(question.Key) is { } valid)
        {
            return valid;
        }

        if (_store.Find(question, _release, _tables.Of(ModelQuestion.City)!) is not { } kept)
        {
            return null;
        }

        // The one way into the store from outside; the product judges it when it is found.
        _cache.Resize(question.Key, kept);
        ValidAnswer? found = _cache.Find(question.Key);
        _scheduler.Count(found is null ? "kept answer refused" : "kept answer valid");
        return found;
    }

    private async Task<OperationResult> ExecuteAsync(ModelQuestion question, QuestionRun run, MemoryLease memory)
    {
        await _scheduler.StepAsync();
        ModelArea? shape = question.HasShape ? await _shapes.FindAsync() : null; // (1)
        var dependencies = new Dependencies(ModelQuestion.City, question.TagsOf(shape, _fault)) { Areas = shape?.Revision }; // (2)
        LogPosition? needed = _tables.Of(ModelQuestion.City)!.Needed(dependencies.Slots);
        if (_fault != PlantedFault.JoinedBelow)
        {
            run.Begin(dependencies);
        }

        await _scheduler.StepAsync();
        OperationResult result = await ReadAsync(question, shape, needed, memory);
        if (_fault == PlantedFault.JoinedBelow)
        {
            run.Begin(dependencies);
        }

        if (_fault == PlantedFault.ShapeNotChecked && result.Read is { } read)
        {
            result.Read = read with { Areas = dependencies.Areas };
        }

        _dependencies[question] = dependencies;
        return result;
    }

    private async Task<OperationResult> ReadAsync(ModelQuestion question, ModelArea? shape, LogPosition? needed, MemoryLease memory)
    {
        bool isPrimary = false;
        for (int reading = 0; reading < ReadingsMax && !_scheduler.Chance(IsQuiet ? 0 : 0.04); reading++)
        {
            ModelRead read = await ModelRead.OfAsync(_scheduler, question, shape, isPrimary ? Primary : Node, _fault); // (3)
            await _scheduler.StepAsync();
            bool isBelow = read.Position < needed && _fault != PlantedFault.LaggingAnswerServed;
            if (isPrimary ? !read.IsTorn : !read.IsTorn && !isBelow)
            {
                return Result(read, isPrimary, memory);
            }

            _scheduler.Count(read.IsTorn ? "torn answer read again" : "lagging answer read again");
            isPrimary = true;
        }

        _judge.Failed(question);
        return OperationResult.Refused(new DatabaseUnavailableError());
    }

    private bool IsQuiet => _database.IsQuiet;

    private OperationResult Result(ModelRead read, bool isPrimary, MemoryLease memory)
    {
        var json = new JsonBuffer(memory);
        json.WriteRaw(Encoding.UTF8.GetBytes($"{{\"data\":\"{_release.Mark}{string.Join('|', read.Parts)}\""));
        OperationResult result = OperationResult.Executed(json, dataStart: 0, [], s_policy);
        result.Read = new(ModelQuestion.City, read.Position, read.Areas);
        result.AccessPaths = isPrimary ? ModelAnswerJudge.ReadAgain : null;
        return result;
    }

    private ModelNode Primary() => new(_database, null);

    /// <summary>The server's replica; one of the primary has others for a part of its readings.</summary>
    private ModelNode Node() => _replica is null && _scheduler.Chance(0.3)
        ? new(_database, _database.Replicas[_scheduler.Random.Next(_database.Replicas.Count)])
        : new(_database, _replica);

    /// <summary>The event as a mistaken table of tags would take it.</summary>
    private ChangeEvent Planted(ChangeEvent change) => _fault switch
    {
        PlantedFault.OldCellForgotten when change.After is not null => change with { Before = null },
        PlantedFault.EmptiedEventNamed when change is { Kind: ChangeKind.Request, Before: null, After: null } =>
            change with { After = new(default, 0, null, null) },
        _ => change,
    };

    private static LogPositionCursors Cursors(int key) => new(Keys(key));

    private static CursorKeys Keys(int key) => new(new CursorKey(SHA256.HashData([(byte)key])), Previous: null);
}
