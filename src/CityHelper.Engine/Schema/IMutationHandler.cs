using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Schema;

/// <summary>Does the work of a mutation: one per field, shared by all requests.</summary>
/// <typeparam name="TInput">The typed input, see <see cref="MutationInputType{TInput}"/>.</typeparam>
public interface IMutationHandler<in TInput>
{
    /// <summary>Writes, and commits before it returns.</summary>
    /// <param name="input">The coerced input.</param>
    /// <param name="caller">Who sent the mutation.</param>
    /// <param name="cancellation">
    /// Never cancelled by the client's leaving: a write that was sent ends by itself. So the handler limits its own time.
    /// </param>
    /// <returns>What became of it. Expected failures are values; an exception is a bug, except that of a database that does not answer.
    /// </returns>
    Task<MutationOutcome> HandleAsync(TInput input, MutationCaller caller, CancellationToken cancellation);
}

/// <summary>Who sent a mutation.</summary>
/// <param name="Client">The name of the client; <c>default</c> for one that is not identified.</param>
public sealed record MutationCaller(string Client);

/// <summary>What became of a mutation.</summary>
public sealed record MutationOutcome
{
    private MutationOutcome()
    {
    }

    /// <summary>The row that was written; null unless it was done.</summary>
    internal (short Tenant, long Row)? Written { get; private init; }

    /// <summary>The place in the tenant's change log from which the write is visible; null when it is not known.</summary>
    internal LogPosition? Position { get; private init; }

    /// <summary>Why it was refused; empty unless it was.</summary>
    internal IReadOnlyList<MutationError> Errors { get; private init; } = [];

    /// <summary>Why it failed; null unless it did.</summary>
    internal RequestError? Failure { get; private init; }

    /// <summary>It was done and committed. The payload's row is read after this.</summary>
    /// <param name="tenant">The key of the row's tenant.</param>
    /// <param name="row">The key of the row.</param>
    /// <param name="position">The place in the tenant's change log, for the payload's <c>cursor</c>; null for none.</param>
    public static MutationOutcome Done(short tenant, long row, LogPosition? position) =>
        new() { Written = (tenant, row), Position = position };

    /// <summary>It was refused, and nothing was written: the payload has the errors and no row.</summary>
    /// <param name="errors">At least one, of classes that the mutation declares.</param>
    public static MutationOutcome Refused(params MutationError[] errors) => errors.Length > 0
        ? new() { Errors = errors }
        : throw new ArgumentException("A refusal says why: give an error.", nameof(errors));

    /// <summary>It failed for a reason that no client can be told in the payload, such as a database that does not answer.</summary>
    /// <param name="error">An error of the answer, at the field's path.</param>
    public static MutationOutcome Failed(RequestError error) => new() { Failure = error };
}
