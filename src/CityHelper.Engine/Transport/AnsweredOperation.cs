using System.Diagnostics;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Transport;

/// <summary>A request's operation, as telemetry names it.</summary>
/// <param name="Name">For logs and spans: the operation's name, or a word that stands for a missing one. A client may have made it
/// up.</param>
internal readonly record struct AnsweredOperation(string Name)
{
    private readonly Operation? _operation;
    private readonly bool _isPublished;

    private AnsweredOperation(Operation operation, bool isPublished)
        : this(operation.Name ?? "anonymous")
    {
        _operation = operation;
        _isPublished = isPublished;
    }

    /// <summary>For a request that was answered before its operation was found.</summary>
    public static AnsweredOperation Unknown { get; } = new("unknown");

    /// <summary>For a batch of requests.</summary>
    public static AnsweredOperation Batch { get; } = new("batch");

    /// <summary>For a request whose operation was found.</summary>
    public static AnsweredOperation Of(Operation operation, bool isPublished) => new(operation, isPublished);

    /// <summary>Its name in metrics, one of few values.</summary>
    public string Label => _isPublished ? Name : EngineTelemetry.OtherOperation;

    /// <summary>Its kind in metrics.</summary>
    public string TypeLabel => _operation is null ? EngineTelemetry.OtherOperation : _operation.Kind;

    /// <summary>Tags a span with the operation.</summary>
    public void Mark(Activity? span)
    {
        if (span is null)
        {
            return;
        }

        span.SetTag(EngineTelemetry.OperationName, ((LogText)Name).ToString());
        if (_operation is not null)
        {
            span.SetTag(EngineTelemetry.OperationType, _operation.Kind);
        }

        if (_isPublished)
        {
            span.SetTag(EngineTelemetry.DocumentId, _operation!.Id);
        }
    }
}
