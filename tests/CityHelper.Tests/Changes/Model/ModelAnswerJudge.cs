using System.Text;
using CityHelper.Engine;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Tags;

namespace CityHelper.Tests.Changes.Model;

/// <summary>Judges what a server answers by what was true, and when.</summary>
/// <param name="name">The server.</param>
/// <param name="scheduler">Virtual time.</param>
/// <param name="database">Knows the truth.</param>
/// <param name="release">What the server runs.</param>
/// <param name="knows">Whether the server was told of an event.</param>
internal sealed class ModelAnswerJudge(
    string name, ModelScheduler scheduler, ModelDatabase database, ModelRelease release, Func<Guid, bool> knows)
{
    /// <summary>Says of an answer that it was read from the primary because a replica's was not good enough.</summary>
    public const string ReadAgain = "read again";

    private static readonly TimeSpan s_promise = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ModelQuestion, TimeSpan> _failed = [];
    private int _resets;

    private ModelTruth Truth => database.Truth;

    /// <summary>Notes what a caller who must wait may expect.</summary>
    public Asked Ask(ModelQuestion question, long? proven, TagTable table)
    {
        // Without a proof nothing is promised: an answer of a replica is then as old as that is.
        ushort[] slots = [.. question.TagsOf(shape: null, PlantedFault.None).Select(tag => tag.Slot)];
        TimeSpan? age = proven is { } until ? TimeSpan.FromTicks(scheduler.Now.Ticks - until) : null;
        return new(scheduler.Now, age, table.Needed(slots), _resets, [.. Known()]);
    }

    /// <summary>Notes that the server begins anew, where the node is that it follows: maybe behind what it knew.</summary>
    public void Reset() => _resets++;

    public void Failed(ModelQuestion question) => _failed[question] = scheduler.Now;

    /// <summary>Judges an answer from the store.</summary>
    public void JudgeStored(ModelClient client, ValidAnswer valid, TimeSpan? logAge, int epoch)
    {
        (ModelQuestion question, TimeSpan age) = (client.Question, logAge ?? TimeSpan.MaxValue);
        bool isUsual = age <= Limits.LogAgeUsual;
        bool isNotModified = client.ETag == valid.Answer.ETag;
        string body = Encoding.UTF8.GetString(valid.Answer.Body);
        LogPosition position = valid.Answer.Position;
        scheduler.Count(isNotModified ? "stored answer, 304" : "stored answer");
        scheduler.Note($"{name} answers {question} from the store, read at {position}, age {valid.Age}: {body}");
        Truth.Expect(position.Epoch == epoch, $"{name} answers {question} from the store, read in epoch {position.Epoch}, not {epoch}");
        Truth.Expect(age <= Limits.LogAgeMax, $"{name} answers {question} from the store, its log {age} old");
        Truth.Expect(isUsual || valid.Age >= age, $"{name} tells an age of {valid.Age} of {question}, its log {age} old");
        // What is told beyond the promise is the age; within it only answers about all rows tell what they lack.
        TimeSpan promised = !isUsual ? valid.Age
            : question.IsOfRows ? Min(s_promise + valid.Age, s_promise + Limits.RowsLag)
            : s_promise;
        if (!IsAmbiguous(question))
        {
            JudgeAges(question, "a stored", body, promised);
            JudgeRedactions(question, body, Known());
        }

        Truth.Expect(!isNotModified || client.Body == body, $"{name} says 304 of {question} to a client with {client.Body}, not {body}");
        (client.ETag, client.Body) = (valid.Answer.ETag, body);
    }

    /// <summary>Judges the answer of an execution, the caller's own or one that it joined.</summary>
    public void JudgeExecuted(ModelClient client, Asked asked, OperationResult result, bool isOwn, StoredAnswer? stored)
    {
        ModelQuestion question = client.Question;
        if (result.Errors.Count > 0)
        {
            scheduler.Count(isOwn ? "failed answer" : "failure shared");
            Truth.Expect(asked.At - _failed[question] < Limits.FailureKept, $"{name} answers {question} by a failure that is too old");
            return;
        }

        byte[] bytes = stored?.Body ?? result.Json.ToArray();
        string body = Encoding.UTF8.GetString(bytes);
        LogPosition? position = result.Read?.Position;
        scheduler.Count(isOwn ? "executed answer" : "joined answer");
        scheduler.Count(stored is null ? "answer not stored" : "answer stored");
        scheduler.Note($"{name} answers {question} read at {position}, needed {asked.Needed}, asked {asked.At.TotalMilliseconds}: {body}");
        Truth.Expect(
            result.AccessPaths == ReadAgain || asked.Resets != _resets || position is null || !(position < asked.Needed),
            $"{name} answers {question} at {position} to a caller that needs {asked.Needed}");
        (client.ETag, client.Body) = (StoredAnswer.ETagOf(bytes), body);
        if (IsAmbiguous(question))
        {
            return;
        }

        if (question.HasShape && stored is null)
        {
            // Rows of one revision of the boundaries in the shape of another: no state that ever was, and not stored.
            scheduler.Count("shape of another revision");
        }
        else if (asked.Age is { } known)
        {
            TimeSpan waited = scheduler.Now - asked.At;
            TimeSpan lag = question.IsOfRows ? Limits.RowsLag : TimeSpan.Zero;
            JudgeAges(question, "an executed", body, waited + Max(s_promise, known) + lag);
        }

        JudgeRedactions(question, body, asked.Known.Where(redaction => Truth.IsHeld(redaction.EventId)));
    }

    /// <summary>Whether a loss made something mean two things, so that no rule can tell what an answer shows.</summary>
    private bool IsAmbiguous(ModelQuestion question)
    {
        // Without a timeline a loss is known by a witness alone: numbers are given twice until then, and what had none has no witness.
        bool areNumbers = !database.TellsTimeline && database.HasLost;
        // After the loss of an import the next gives its revision to another shape, and shapes are known by it alone.
        bool isRevision = question.HasShape && database.Bodies.IsRevisionGivenTwice;
        if (areNumbers || isRevision)
        {
            scheduler.Count(areNumbers ? "answer after a loss that nothing tells" : "revision of boundaries given twice");
        }

        return areNumbers || isRevision;
    }

    // Part by part: a page that a second batch completes may have more of the later changes in its second part.
    private void JudgeAges(ModelQuestion question, string kind, string body, TimeSpan promised)
    {
        string[] parts = PartsOf(question, body);
        for (int part = 0; part < parts.Length; part++)
        {
            TimeSpan? age = database.Bodies.AgeOf(question, part, parts[part]);
            Truth.Expect(
                age <= promised,
                $"{name} gives {kind} answer to {question} that was last true {age?.ToString() ?? "never"} ago, not {promised}");
        }
    }

    private void JudgeRedactions(ModelQuestion question, string body, IEnumerable<ModelBodies.Redaction> known)
    {
        foreach (ModelBodies.Redaction redaction in known)
        {
            Truth.Expect(
                !redaction.Texts.Any(text => body.Contains(text, StringComparison.Ordinal)),
                $"{name} answers {question} by {body}, which redaction {redaction.EventId.ToString()[..4]} removed");
        }
    }

    // One that a promotion lost is none any more.
    private IEnumerable<ModelBodies.Redaction> Known() =>
        database.Bodies.Redactions.Where(redaction => knows(redaction.EventId) && Truth.IsHeld(redaction.EventId));

    private string[] PartsOf(ModelQuestion question, string body)
    {
        const string Begin = "{\"data\":\"";
        string text = body[Begin.Length..^2];
        Truth.Expect(text.StartsWith(release.Mark, StringComparison.Ordinal), $"{name} of {release} answers {question} by {text}");
        return text[(text.IndexOf(';', StringComparison.Ordinal) + 1)..].Split('|');
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>What a caller may expect of an execution.</summary>
/// <param name="At">When it asked.</param>
/// <param name="Age">How long ago it was proven that the server knew everything; null when it never was.</param>
/// <param name="Needed">Where its answer must have been read at least.</param>
/// <param name="Resets">How often the server had begun anew.</param>
/// <param name="Known">The redactions that the server knew.</param>
internal sealed record Asked(TimeSpan At, TimeSpan? Age, LogPosition? Needed, int Resets, IReadOnlyList<ModelBodies.Redaction> Known);
