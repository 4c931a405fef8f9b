using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Transport;
using Npgsql;
using Xunit;

namespace CityHelper.Tests.Engine.Mutations;

public sealed class MutationTests : IDisposable
{
    private const string Input = "input: {id: \"7\", status: OPEN}";
    private const string Unreadable = "The data cannot be read at the moment: try again in a few seconds.";

    private static readonly LogPosition s_position = new(Epoch: 2, Number: 40);

    private readonly MutationFixture _engine = new();

    public void Dispose() => _engine.Dispose();

    [Fact]
    public async Task A_refusal_has_errors_and_no_row() => Assert.Equal(
        """{"data":{"changeRow":{"serviceRequest":null,"cursor":null,"errors":[{"message":"There is no row 7.","code":"ROW_GONE"}]}}}""",
        await _engine.RunAsync(
            $"mutation {{ changeRow({Input}) {{ serviceRequest {{ id }} cursor errors {{ ... on Error {{ message code }} }} }} }}"));

    [Fact]
    public async Task Done_has_a_cursor_of_the_tenant_and_no_errors()
    {
        _engine.Mutations.Change.Answer = _ => Task.FromResult(MutationOutcome.Done(3, 2, s_position));
        string cursor = new LogPositionCursors(MutationFixture.Keys).Sign(3, s_position);
        Assert.Equal(
            Answer("""{"data":{"changeRow":{"__typename":"ChangeRowPayload","cursor":"CURSOR","errors":null}}}""", cursor),
            await _engine.RunAsync($"mutation {{ changeRow({Input}) {{ __typename cursor errors {{ __typename }} }} }}"));
    }

    [Fact]
    public async Task Without_a_position_there_is_no_cursor() => Assert.Equal(
        """{"data":{"addRow":{"cursor":null}}}""", await _engine.RunAsync("mutation { addRow(input: {title: \"a\"}) { cursor } }"));

    [Fact]
    public async Task Only_the_selected_fields_of_an_error_are_written_by_its_type()
    {
        _engine.Mutations.Change.Answer = input => Task.FromResult(
            MutationOutcome.Refused(new StatusNotAllowedError(input.Status), new RowGoneError("a\"b")));
        Assert.Equal(
            """
            {"data":{"changeRow":{"problems":[
            {"__typename":"StatusNotAllowedError","what":"The status cannot follow: send another.","allowed":["IN_PROGRESS","CLOSED"],
            "now":"IN_PROGRESS","reason":null,"changes":3,"isClosed":true,"since":"2026-01-02T03:04:05.000Z","code":"STATUS_NOT_ALLOWED"},
            {"__typename":"RowGoneError","what":"There is no row a\"b."}]}}}
            """.ReplaceLineEndings(""),
            await _engine.RunAsync(
                $"mutation {{ changeRow({Input}) {{ problems: errors {{ __typename ...what ... on StatusNotAllowedError {{ allowed "
                    + "now: current reason changes isClosed since code } } } } fragment what on Error { what: message }"));
    }

    [Fact]
    public async Task A_text_of_an_error_is_cut()
    {
        _engine.Mutations.Change.Answer = _ => Task.FromResult(MutationOutcome.Refused(new RowGoneError(new string('x', 5_000))));
        string answer = await _engine.RunAsync($"mutation {{ changeRow({Input}) {{ errors {{ ... on Error {{ message }} }} }} }}");
        Assert.InRange(answer.Length, Limits.ErrorMessageCharsMax, Limits.ErrorMessageCharsMax + 100);
    }

    [Fact]
    public async Task Mutations_run_in_turn_and_a_refused_one_stops_no_other()
    {
        List<string> events = [];
        async Task<MutationOutcome> Slowly(string name, MutationOutcome outcome)
        {
            events.Add($"{name} begins");
            await Task.Yield();
            events.Add($"{name} ends");
            return outcome;
        }

        _engine.Mutations.Change.Answer = input => Slowly(input.Id, MutationOutcome.Refused(new RowGoneError(input.Id)));
        _engine.Mutations.Add.Answer = input => Slowly(input.Title, MutationOutcome.Done(1, 2, position: null));
        Assert.Equal(
            """
            {"data":{"b":{"errors":[{"code":"ROW_GONE"}]},"__typename":"Mutation","a":{"cursor":null},
            "c":{"errors":[{"code":"ROW_GONE"}]}}}
            """.ReplaceLineEndings(""),
            await _engine.RunAsync(
                "mutation { b: changeRow(input: {id: 1, status: OPEN}) { errors { ...code } } __typename a: addRow(input: {title: \"2\"}) "
                    + "{ cursor } c: changeRow(input: {id: 3, status: OPEN}) { errors { ...code } } } fragment code on Error { code }"));
        Assert.Equal(["1 begins", "1 ends", "2 begins", "2 ends", "3 begins", "3 ends"], events);
    }

    /// <summary>The answer of a later one would be lost, as <c>data</c> is null.</summary>
    [Fact]
    public async Task A_failed_mutation_nulls_the_data_and_the_later_ones_do_not_run()
    {
        _engine.Mutations.Change.Answer = _ => Task.FromResult(MutationOutcome.Failed(new DatabaseUnavailableError()));
        Assert.Equal(
            Answer("""{"errors":[{"message":"UNREADABLE","path":["b"],"extensions":{"code":"DATABASE_UNAVAILABLE"}}],"data":null}"""),
            await _engine.RunAsync(
                $"mutation {{ a: addRow(input: {{title: \"1\"}}) {{ cursor }} b: changeRow({Input}) {{ cursor }} "
                    + "c: addRow(input: {title: \"2\"}) { cursor } }"));
        Assert.Equal("1", Assert.Single(_engine.Mutations.Add.Calls).Input.Title);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_and_a_bug_leave_open_whether_it_was_done()
    {
        foreach ((Exception cause, string code) in new (Exception, string)[]
        {
            (new NpgsqlException("down"), "DATABASE_UNAVAILABLE"), (new InvalidOperationException("bug"), "UNEXPECTED"),
        })
        {
            _engine.Mutations.Change.Answer = _ => throw cause;
            string answer = await _engine.RunAsync($"mutation {{ changeRow({Input}) {{ cursor }} }}");
            Assert.Contains($"\"code\":\"{code}\"", answer, StringComparison.Ordinal);
            Assert.Contains("it may have been done", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_undeclared_error_is_a_bug()
    {
        _engine.Mutations.Add.Answer = _ => Task.FromResult(MutationOutcome.Refused(new RowGoneError("1")));
        Assert.Contains(
            "\"code\":\"UNEXPECTED\"",
            await _engine.RunAsync("mutation { addRow(input: {title: \"a\"}) { cursor } }"),
            StringComparison.Ordinal);
    }

    /// <summary>The client must not take it for undone: the payload and the cursor are there.</summary>
    [Fact]
    public async Task A_row_that_cannot_be_read_after_the_write_is_null_with_an_error()
    {
        _engine.Mutations.Change.Answer = _ => Task.FromResult(MutationOutcome.Done(3, 2, s_position));
        string cursor = new LogPositionCursors(MutationFixture.Keys).Sign(3, s_position);
        Assert.Equal(
            Answer(
                """
                {"errors":[{"message":"UNREADABLE","path":["changeRow","row"],"extensions":{"code":"DATABASE_UNAVAILABLE"}}],
                "data":{"changeRow":{"row":null,"cursor":"CURSOR"}}}
                """,
                cursor),
            await _engine.RunAsync($"mutation {{ changeRow({Input}) {{ row: serviceRequest {{ title }} cursor }} }}"));
    }

    [Fact]
    public async Task A_row_that_there_is_no_time_left_to_read_is_null_with_an_error()
    {
        using var time = new CancellationTokenSource();
        _engine.Mutations.Change.Answer = async _ =>
        {
            await time.CancelAsync();
            return MutationOutcome.Done(3, 2, s_position);
        };
        string answer = await _engine.RunAsync(
            $"mutation {{ changeRow({Input}) {{ serviceRequest {{ title }} cursor }} }}", cancellation: time.Token);
        Assert.Contains(
            "\"path\":[\"changeRow\",\"serviceRequest\"],\"extensions\":{\"code\":\"HC0045\"}", answer, StringComparison.Ordinal);
        Assert.Contains("\"serviceRequest\":null,\"cursor\":\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_leaves_or_takes_too_long_cancels_no_write_that_has_begun_and_is_told_of_those_after_it()
    {
        using var leaving = new CancellationTokenSource();
        _engine.Mutations.Change.Answer = async _ =>
        {
            await leaving.CancelAsync();
            return MutationOutcome.Done(1, 2, position: null);
        };
        string answer = await _engine.RunAsync(
            $"mutation {{ changeRow({Input}) {{ cursor }} addRow(input: {{title: \"a\"}}) {{ cursor }} }}", cancellation: leaving.Token);
        Assert.Contains("\"path\":[\"addRow\"],\"extensions\":{\"code\":\"HC0045\"}", answer, StringComparison.Ordinal);
        Assert.False(Assert.Single(_engine.Mutations.Change.Calls).Cancellation.CanBeCanceled);
        Assert.Empty(_engine.Mutations.Add.Calls);
    }

    [Fact]
    public async Task Nothing_runs_for_the_cost_alone_or_when_statements_are_explained()
    {
        const string Text = "mutation { addRow(input: {title: \"a\"}) { cursor } }";
        Assert.Equal(
            """{"extensions":{"operationCost":{"fieldCost":10,"typeCost":2}}}""",
            await _engine.RunAsync(Text, options: new RunOptions(Report: CostReport.Validate) { Writes = WriteAccess.All }));
        Assert.Empty(await _engine.Get<OperationExplainer>().ExplainAsync(
            await _engine.CompileAsync(Text), default, CancellationToken.None));
        Assert.Empty(_engine.Mutations.Add.Calls);
    }

    [Fact]
    public async Task A_skipped_mutation_does_not_run()
    {
        const string Text =
            "mutation($no: Boolean!) { addRow(input: {title: \"a\"}) { cursor @skip(if: $no) } changeRow(input: {id: 1, status: OPEN}) "
                + "@skip(if: $no) { cursor } }";
        Assert.Equal("""{"data":{"addRow":{}}}""", await _engine.RunAsync(
            Text, """{"no":true}""", options: new RunOptions { Writes = WriteAccess.Report }));
        Assert.Contains("AUTH_NOT_AUTHORIZED", await _engine.RunAsync(
            Text, """{"no":false}""", options: new RunOptions { Writes = WriteAccess.Report }), StringComparison.Ordinal);
        Assert.Empty(_engine.Mutations.Change.Calls);
    }

    private static string Answer(string text, string cursor = "") => text.ReplaceLineEndings("")
        .Replace("UNREADABLE", Unreadable, StringComparison.Ordinal)
        .Replace("CURSOR", cursor, StringComparison.Ordinal);
}
