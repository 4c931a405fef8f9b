using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>An operation with a different answer, and everything needed to ask it again.</summary>
internal sealed record OracleFailure(
    string What, string Document, JsonObject Variables, IReadOnlyDictionary<string, string> Cursors, OracleOutcome Outcome)
{
    public override string ToString() => $"{Outcome.Difference}\nin {What}\n{Document}\nvariables {Variables.ToJsonString()}";

    /// <summary>A smaller operation that fails in the same way.</summary>
    public async Task<OracleFailure> ShrunkAsync(OracleFixture fixture)
    {
        bool IsSame(OracleOutcome other) => other.Verdict == OracleVerdict.Different && other.ErrorCodes == Outcome.ErrorCodes;
        var shrinker = new OperationShrinker(async (document, variables) => IsSame(await fixture.AskAsync(document, variables, Cursors)));
        (string document, JsonObject variables) = await shrinker.ShrinkAsync(Document, Variables);
        return this with { Document = document, Variables = variables, Outcome = await fixture.AskAsync(document, variables, Cursors) };
    }
}

/// <summary>The result of one generated operation and of the operations needed to ask it.</summary>
/// <param name="Failure">The first operation with a different answer.</param>
/// <param name="IsRefused">Whether an index was missing, so that not everything was compared.</param>
/// <param name="Connections">The connections that the operation asked for, where the answers were the same.</param>
/// <param name="PagesFollowed">The pages after the first of lists that were read page by page.</param>
/// <param name="PagesFollowedBackward">The same, from the end of a list.</param>
internal sealed record OracleTestCaseResult(
    OracleFailure? Failure, bool IsRefused, IReadOnlyList<OracleConnection> Connections, int PagesFollowed, int PagesFollowedBackward);

/// <summary>
/// One generated operation: takes its cursors from the server's answers, sends it, and reads some of its lists page by page. Each answer is
/// compared with the oracle's.
/// </summary>
internal sealed class OracleTestCase(OracleFixture fixture, GeneratedOperation operation, Dice dice)
{
    private const int ProbeRows = 100;
    private const int PagesMax = 6;
    private const int FollowPagesPercent = 40;

    private readonly Dictionary<string, string> _cursors = [];
    private readonly int[] _pagesFollowed = [0, 0];

    public async Task<OracleTestCaseResult> RunAsync()
    {
        Dictionary<string, string?> slots = [];
        foreach (CursorSlot slot in operation.Slots)
        {
            string page = $"{(slot.FromEnd ? "last" : "first")}: {ProbeRows}";
            (string probe, JsonObject probeVariables) = operation.Ask(
                slot.Question, page, $"{{ edges {{ cursor node {{ {Leaves(slot)} }} }} }}");
            OracleOutcome probed = await AskAsync(probe, probeVariables);
            if (probed.Verdict != OracleVerdict.Same)
            {
                return Result(probed, "the operation that gets a cursor", probe, probeVariables);
            }

            slots[slot.Token] = probed.Cursors.Count == 0 ? null : probed.Cursors[(int)(slot.Fraction * probed.Cursors.Count)].Cursor;
        }

        (string document, JsonObject variables) = operation.With(slots);
        OracleOutcome outcome = await AskAsync(document, variables);
        if (outcome.Verdict == OracleVerdict.Same && operation.Slots.Count > 0 && dice.Chance(FollowPagesPercent)
            && await RunAsync(dice.Pick(operation.Slots)) is { } failed)
        {
            return failed;
        }

        return Result(outcome, "the operation", document, variables);
    }

    // Compares every page with the oracle's; a row has the same cursor on every page.
    private async Task<OracleTestCaseResult?> RunAsync(CursorSlot slot)
    {
        bool backward = slot.FromEnd;
        int size = dice.Between(1, 7);
        Dictionary<string, string> cursorOfRow = [];
        string? cursor = null;
        for (int page = 0; page < PagesMax; page++)
        {
            string arguments =
                $"{(backward ? "last" : "first")}: {size}, {(backward ? "before" : "after")}: {JsonSerializer.Serialize(cursor)}";
            (string document, JsonObject variables) = operation.Ask(
                slot.Question,
                arguments,
                $"{{ edges {{ cursor node {{ {Leaves(slot)} }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} "
                    + $"{(slot.Question.Field.StartsWith("nearby", StringComparison.Ordinal) ? "" : "totalCount ")}}}");
            OracleOutcome outcome = await AskAsync(document, variables);
            if (outcome.Verdict != OracleVerdict.Same)
            {
                return Result(
                    outcome, $"page {page + 1} of a list that is read {(backward ? "backward" : "forward")}", document, variables);
            }

            bool Changes((string Cursor, string Row) received) =>
                !cursorOfRow.TryAdd(received.Row, received.Cursor) && cursorOfRow[received.Row] != received.Cursor;
            if (outcome.Cursors.FirstOrDefault(Changes) is { Row: not null } changed)
            {
                OracleOutcome otherwise = outcome with
                {
                    Verdict = OracleVerdict.Different,
                    Difference = $"The cursor of {changed.Row} changed.",
                };
                return Result(otherwise, "pages of a list", document, variables);
            }

            // Without a parent there is no list.
            OraclePage? seen = outcome.Connections.SingleOrDefault()?.Page;
            _pagesFollowed[backward ? 1 : 0] += page > 0 ? 1 : 0;
            if (seen is null || !(backward ? seen.HasPrevious : seen.HasNext))
            {
                break;
            }

            // An empty page with more to come would have no cursor to continue with; no size is 0 here.
            string next = OracleRows.KeyOf(backward ? seen.Rows[0] : seen.Rows[^1]);
            cursor = cursorOfRow[next];
        }

        return null;
    }

    private async Task<OracleOutcome> AskAsync(string document, JsonObject variables)
    {
        OracleOutcome outcome = await fixture.AskAsync(document, variables, _cursors);
        foreach ((string cursor, string row) in outcome.Cursors)
        {
            _cursors[cursor] = row;
        }

        return outcome;
    }

    private OracleTestCaseResult Result(OracleOutcome outcome, string what, string document, JsonObject variables) => outcome.Verdict switch
    {
        OracleVerdict.Same => new(null, false, outcome.Connections, _pagesFollowed[0], _pagesFollowed[1]),
        OracleVerdict.Refused => new(null, true, [], _pagesFollowed[0], _pagesFollowed[1]),
        _ => new(new OracleFailure(what, document, variables, _cursors, outcome), false, [], 0, 0),
    };

    // Status updates have no id.
    private static string Leaves(CursorSlot slot) => slot.Question.Field == "history" ? "createdAt status note" : "id";
}
