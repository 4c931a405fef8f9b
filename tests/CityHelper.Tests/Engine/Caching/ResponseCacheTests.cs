using System.Security.Cryptography;
using CityHelper.Engine;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Writing;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Engine.Caching;

/// <summary>The store and the shared executions, with executions made by hand.</summary>
public sealed class ResponseCacheTests : IAsyncLifetime, IDisposable
{
    private static readonly Question s_question = new("web", "/graphql/persisted/x/Map");
    private static readonly Tag s_cell = new(TagKind.Cell, 7);

    private readonly FakeTimeProvider _time = new();
    private readonly TagTables _tables;
    private readonly Tenants _tenants = new();
    private readonly ResponseCache _cache;
    private Operation _operation = null!;
    private int _executions;

    public ResponseCacheTests()
    {
        _tables = new TagTables(_time);
        _tables.Open(1).Reset(new LogPosition(1, 10), []);
        _cache = Cache(Limits.StoreBytes);
    }

    private ResponseCache Cache(long bytes)
    {
        var keys = new CursorKeys(new CursorKey(SHA256.HashData("one"u8)), Previous: null);
        var format = new SharedFormat(keys, new ResponseCacheOptions());
        return new ResponseCache(
            _tables, _tenants, new ResponseMemory(), new LogPositionCursors(keys), new DearAnswers(null, format, _time), format,
            new ResponseCacheOptions { StoreBytes = bytes }, _time);
    }

    public async Task InitializeAsync()
    {
        await using ServiceProvider services = SchemaServices.CreateOffline();
        var compiler = new OperationCompiler(services.GetRequiredService<ISchema>());
        _operation = (await compiler.CompileAsync("query Map { cities { slug } }", null, CancellationToken.None)).Operation!;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _cache.Dispose();

    [Fact]
    public async Task An_answer_is_valid_until_one_of_its_tags_changes()
    {
        Assert.Null(_cache.Find(s_question));
        await AskAsync("a");
        Assert.Equal("a", Text(_cache.Find(s_question)));
        _tables.Open(1).Apply(11, [new Tag(TagKind.Cell, 8)], atOnce: false);
        Assert.NotNull(_cache.Find(s_question));
        _tables.Open(1).Apply(12, [s_cell], atOnce: false);
        Assert.Null(_cache.Find(s_question));
        await AskAsync("b", at: 12);
        Assert.Equal("b", Text(_cache.Find(s_question)));
    }

    /// <summary>Read from a replica that is behind, or stored late: its position says so, whenever it comes.</summary>
    [Theory]
    [InlineData(9, 1)]
    [InlineData(11, 2)]
    [InlineData(11, 0)]
    public async Task An_answer_below_what_is_needed_or_of_another_epoch_is_never_a_hit(long number, int epoch)
    {
        await AskAsync("a", at: number, epoch: epoch);
        Assert.Null(_cache.Find(s_question));
    }

    [Fact]
    public async Task A_log_that_stands_still_ages_answers_and_ends_them()
    {
        await AskAsync("a");
        Assert.Equal(TimeSpan.Zero, _cache.Find(s_question)!.Value.Age);
        _tenants.Age = Limits.LogAgeUsual;
        Assert.Equal(TimeSpan.Zero, _cache.Find(s_question)!.Value.Age);
        _tenants.Age = TimeSpan.FromSeconds(29.5);
        Assert.Equal(TimeSpan.FromSeconds(29.5), _cache.Find(s_question)!.Value.Age);
        _tenants.Age = Limits.LogAgeMax + TimeSpan.FromTicks(1);
        Assert.Null(_cache.Find(s_question));
        _tenants.Age = null;
        Assert.Null(_cache.Find(s_question));
        _tenants.Age = TimeSpan.Zero;
        _tenants.Off = true;
        Assert.Null(_cache.Find(s_question));
    }

    [Fact]
    public async Task An_answer_ends_with_its_minute_and_after_ten()
    {
        DateTime until = _time.GetUtcNow().UtcDateTime.AddSeconds(20);
        await AskAsync("a", until: until);
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.NotNull(_cache.Find(s_question));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_cache.Find(s_question));
        await AskAsync("b");
        _time.Advance(Limits.StoredAnswerAgeMax - TimeSpan.FromTicks(1));
        Assert.NotNull(_cache.Find(s_question));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(_cache.Find(s_question));
    }

    [Fact]
    public async Task Rows_lag_and_say_so()
    {
        await AskAsync("a", tags: [Tag.All, new Tag(TagKind.Rows)]);
        _tables.Open(1).Apply(11, [new Tag(TagKind.Rows)], atOnce: false);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), _cache.Find(s_question)!.Value.Age);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(_cache.Find(s_question));
    }

    [Theory]
    [InlineData("errors")]
    [InlineData("no policy")]
    [InlineData("too large")]
    [InlineData("no dependencies")]
    [InlineData("other areas")]
    [InlineData("no position")]
    [InlineData("unknown tenant")]
    public async Task What_must_not_be_kept_is_not(string kind)
    {
        _tenants.IsKnown = kind != "unknown tenant";
        (SharedAnswer answer, _) = await _cache.ExecuteAsync(
            s_question,
            _operation,
            (run, memory, _) =>
            {
                run.Begin(kind == "no dependencies" ? null : new Dependencies(1, [Tag.All]) { Areas = kind == "other areas" ? 4 : 5 });
                OperationResult result = kind == "errors"
                    ? OperationResult.Refused(new UnexpectedError())
                    : Result(memory, kind == "too large" ? new string('x', Limits.StoredBodyBytesMax) : "a", kind == "no policy");
                result.Read = kind == "no position" ? null : new AnswerPosition(1, new LogPosition(1, 10), Areas: 5);
                return Task.FromResult(result);
            },
            CancellationToken.None);
        Assert.Null(_cache.Find(s_question));

        // Nobody else may keep it either, but for what is only too large: that has all headers of one that is kept.
        Assert.Equal(kind == "too large", answer.Stored is not null);
        using OperationResult copy = answer.CopyFor(MemoryLease.Uncounted);
        Assert.Equal(kind == "too large" ? 60 : 0, copy.Cache.MaxAgeSeconds);

        // Its body is the copy's alone, whose pieces are released as they are read.
        Assert.InRange(copy.Json.Length, kind == "too large" ? Limits.StoredBodyBytesMax : 1, int.MaxValue);
        Assert.Equal(0, answer.Stored?.Body.Length ?? 0);
    }

    /// <summary>A stopped log does not tell that an execution is too old, and a silent database may hold its rows back for long.</summary>
    [Fact]
    public async Task Nobody_joins_an_execution_that_is_older_than_a_request()
    {
        var held = new TaskCompletionSource();
        Task<SharedAnswer> old = AskAsync("old", gate: held.Task);
        _time.Advance(TimeSpan.FromMilliseconds(Limits.RequestTimeoutMs - 1));
        Task<SharedAnswer> joined = AskAsync("joined", gate: held.Task);
        Assert.Equal(1, _executions);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("new", Text(await AskAsync("new")));
        held.SetResult();
        Assert.Equal(("old", "old"), (Text(await old), Text(await joined)));
    }

    /// <summary>
    /// An execution that everybody has left may go on for a while. Who asks then executes again, and what the first was told of its answer
    /// stays its own.
    /// </summary>
    [Fact]
    public async Task An_execution_that_was_left_takes_nothing_from_the_next()
    {
        var left = new TaskCompletionSource();
        using var leaving = new CancellationTokenSource();
        QuestionRun? first = null;
        Task asking = _cache.ExecuteAsync(
            s_question,
            _operation,
            async (run, memory, _) =>
            {
                (first = run).Begin(new Dependencies(1, [Tag.All]) { Areas = 1 });
                await left.Task;
                OperationResult result = Result(memory, "old", hasNoPolicy: false);
                result.Read = new AnswerPosition(1, new LogPosition(1, 10), Areas: 2);
                return result;
            },
            leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        QuestionRun? second = null;
        (SharedAnswer next, _) = await _cache.ExecuteAsync(
            s_question,
            _operation,
            (run, memory, _) =>
            {
                (second = run).Begin(new Dependencies(1, [Tag.All]) { Areas = 2 });
                OperationResult result = Result(memory, "new", hasNoPolicy: false);
                result.Read = new AnswerPosition(1, new LogPosition(1, 10), Areas: 2);
                return Task.FromResult(result);
            },
            CancellationToken.None);
        Assert.Equal("new", Text(next));
        Assert.NotSame(first, second);
        Assert.Equal((1, 2), (first!.Dependencies!.Areas, second!.Dependencies!.Areas));

        // The old area's rows are not stored under the new one.
        left.SetResult();
        Assert.Equal("new", Text(_cache.Find(s_question)));
    }

    /// <summary>An address may have thousands of characters for an answer of a few bytes, and anybody makes new ones.</summary>
    [Fact]
    public async Task Addresses_count_as_memory()
    {
        const int Bytes = 100_000;
        using ResponseCache small = Cache(Bytes);
        Question[] questions = [.. Enumerable.Range(0, 50).Select(n => new Question("web", new string('x', 4_000) + n))];
        foreach (Question question in questions)
        {
            await AskAsync("a", cache: small, question: question);
        }

        Assert.InRange(questions.Count(question => small.Find(question) is not null), 1, Bytes / (2 * 4_000));
    }

    /// <summary>Runs of one question overlap, and the one that was started first may end last.</summary>
    [Fact]
    public async Task A_valid_answer_is_not_driven_out_by_an_earlier_one_or_by_a_failure()
    {
        var gate = new TaskCompletionSource();
        Task<SharedAnswer> earlier = AskAsync("earlier", at: 10, tags: [Tag.All], gate: gate.Task);
        Task<SharedAnswer> failing = FailAsync(new RequestTimeoutError(), new Question("web", "other"), gate.Task);
        _tables.Open(1).Apply(11, [s_cell], atOnce: false);
        _tables.Open(1).Apply(12, [new Tag(TagKind.Cell, 8)], atOnce: false);
        _time.Advance(Limits.LogAgeUsual);
        await AskAsync("later", at: 12, question: new Question("web", "other"));
        gate.SetResult();
        Assert.True((await failing).IsFailure);
        await earlier;
        Assert.Equal("later", Text(_cache.Find(new Question("web", "other"))));
        Assert.Equal("earlier", Text(_cache.Find(s_question)));
    }

    /// <summary>What an answer of several tenants must have seen nobody knows, so time alone decides who may join.</summary>
    [Fact]
    public async Task An_execution_whose_dependencies_are_unknown_is_joined_for_two_seconds()
    {
        var gate = new TaskCompletionSource();
        Task<SharedAnswer> first = FailAsync(new OverloadedError(1), s_question, gate.Task);
        _time.Advance(Limits.LogAgeUsual - TimeSpan.FromTicks(1));
        Task<SharedAnswer> joined = FailAsync(new OverloadedError(1), s_question, gate.Task);
        _time.Advance(TimeSpan.FromTicks(1));
        Task<SharedAnswer> late = FailAsync(new OverloadedError(1), s_question, gate.Task);
        gate.SetResult();
        Assert.Same(await first, await joined);
        Assert.NotSame(await first, await late);
        Assert.Equal(2, _executions);
    }

    [Fact]
    public async Task Callers_join_the_execution_that_runs()
    {
        var gate = new TaskCompletionSource();
        Task<SharedAnswer>[] asking = [.. Enumerable.Range(0, 50).Select(_ => AskAsync("a", gate: gate.Task))];
        gate.SetResult();
        SharedAnswer[] answers = await Task.WhenAll(asking);
        Assert.Equal(1, _executions);
        Assert.Single(answers.Distinct());
    }

    /// <summary>Whoever looked before it was stored, and comes to join when its run has ended, executes nothing.</summary>
    [Fact]
    public async Task Who_comes_just_after_an_execution_gets_its_answer()
    {
        await AskAsync("a");
        Assert.Equal("a", Text(await AskAsync("b")));
        Assert.Equal(1, _executions);
    }

    /// <summary>It was started before the change that the caller must see, so it may not have it.</summary>
    [Fact]
    public async Task Nobody_joins_an_execution_that_was_started_below_what_is_needed()
    {
        var gate = new TaskCompletionSource();
        Task<SharedAnswer> before = AskAsync("before", gate: gate.Task);
        _tables.Open(1).Apply(11, [s_cell], atOnce: false);
        Task<SharedAnswer> behind = AskAsync("behind", at: 11, gate: gate.Task);
        Task<SharedAnswer> joined = AskAsync("none", gate: gate.Task);
        gate.SetResult();
        Assert.Equal(["before", "behind", "behind"], (await Task.WhenAll(before, behind, joined)).Select(Text));
        Assert.Equal(2, _executions);

        // The older one may be stored last: it is below what is needed, and no hit.
        Assert.NotEqual("before", Text(_cache.Find(s_question)));
    }

    [Fact]
    public async Task Who_leaves_ends_nobody_elses_execution()
    {
        var gate = new TaskCompletionSource();
        using var leaving = new CancellationTokenSource();
        Task<SharedAnswer> first = AskAsync("a", gate: gate.Task, cancellation: leaving.Token);
        Task<SharedAnswer> second = AskAsync("b", gate: gate.Task);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        Assert.Equal("a", Text(await second));
        Assert.Equal(1, _executions);
    }

    [Fact]
    public async Task An_execution_ends_when_all_have_left()
    {
        using var leaving = new CancellationTokenSource();
        Task<SharedAnswer>[] all =
            [.. Enumerable.Range(0, 3).Select(_ => AskAsync("a", gate: new TaskCompletionSource().Task, cancellation: leaving.Token))];
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(all));
        Assert.Equal("b", Text(await AskAsync("b")));
        Assert.Equal(2, _executions);
    }

    /// <summary>A refusal is no failure: whoever asks next may be admitted.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_by_time_or_database_is_answered_for_a_second_and_a_refusal_is_not(bool isFailure)
    {
        RequestError error = isFailure ? new RequestTimeoutError() : new OverloadedError(1);
        await FailAsync(error);
        await FailAsync(error);
        Assert.Equal(isFailure ? 1 : 2, _executions);
        _time.Advance(Limits.FailureKept);
        await FailAsync(error);
        Assert.Equal(isFailure ? 2 : 3, _executions);
    }

    private async Task<SharedAnswer> FailAsync(RequestError error, Question? question = null, Task? gate = null) =>
        (await _cache.ExecuteAsync(
            question ?? s_question,
            _operation,
            async (run, _, _) =>
            {
                _executions++;
                run.Begin(null);
                await (gate ?? Task.CompletedTask);
                return OperationResult.Refused(error);
            },
            CancellationToken.None)).Answer;

    private async Task<SharedAnswer> AskAsync(
        string body, long at = 10, int epoch = 1, Tag[]? tags = null, DateTime? until = null, Task? gate = null,
        ResponseCache? cache = null, Question? question = null, CancellationToken cancellation = default) =>
        (await (cache ?? _cache).ExecuteAsync(
            question ?? s_question,
            _operation,
            async (run, memory, ending) =>
            {
                _executions++;
                run.Begin(new Dependencies(1, tags ?? [Tag.All, s_cell]) { Until = until });
                await (gate ?? Task.CompletedTask).WaitAsync(ending);
                OperationResult result = Result(memory, body, hasNoPolicy: false);
                result.Read = new AnswerPosition(1, new LogPosition(epoch, at), Areas: 0);
                return result;
            },
            cancellation)).Answer;

    private static OperationResult Result(MemoryLease memory, string body, bool hasNoPolicy)
    {
        var json = new JsonBuffer(memory);
        json.WriteRaw(System.Text.Encoding.UTF8.GetBytes($"{{\"data\":{body}"));
        return OperationResult.Executed(json, 8, [], hasNoPolicy ? CachePolicy.None : new CachePolicy(60, 30));
    }

    private static string? Text(ValidAnswer? valid) => valid is { } found ? Body(found.Answer.Body) : null;

    private static string Text(SharedAnswer answer) => Body(answer.Stored!.Body);

    private static string Body(byte[] json) => System.Text.Encoding.UTF8.GetString(json)["{\"data\":".Length..^1];

    private sealed class Tenants : ICacheTenants
    {
        public TimeSpan? Age { get; set; } = TimeSpan.Zero;

        public bool Off { get; set; }

        public bool IsKnown { get; set; } = true;

        public ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation) => new(IsKnown ? "one" : null);

        public bool IsOff(string tenant) => Off;

        public TimeSpan? AgeOf(short tenant) => Age;
    }
}
