using CityHelper.Engine.Cursors;
using CityHelper.Engine.Writing;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A node to read from: a replica, or whatever is the primary.</summary>
internal readonly record struct ModelNode(ModelDatabase Database, ModelReplica? Replica)
{
    public bool IsPrimary => Replica is null;

    /// <summary>Its state, which later commits change.</summary>
    public ModelState State => Replica?.State ?? Database.Primary;
}

/// <summary>A reading of all batches of an answer.</summary>
internal sealed record ModelRead(string[] Parts, LogPosition Position, long? Areas, bool IsTorn)
{
    private static readonly LogPositionCursors s_cursors = ModelAnswers.CursorsOf(0);

    /// <summary>Reads a question in one batch, or in two that may see different nodes.</summary>
    public static async Task<ModelRead> OfAsync(
        ModelScheduler scheduler, ModelQuestion question, ModelArea? shape, Func<ModelNode> node, PlantedFault fault)
    {
        string[] parts = new string[question.Parts];
        var positions = new LogPositions(s_cursors);
        LogPosition largest = default;
        for (int part = 0; part < parts.Length; part++)
        {
            if (part > 0)
            {
                await scheduler.StepAsync();
            }

            ModelNode read = node();
            ModelState.CityTables city = read.State.Cities[ModelQuestion.City];
            parts[part] = question.PartOf(city, shape ?? city.Area, part);
            if (fault == PlantedFault.StoredPositionAfterData)
            {
                await scheduler.StepAsync();
                city = read.State.Cities[ModelQuestion.City];
            }

            var position = new LogPosition(read.State.Epoch, city.HeadNumber);
            largest = position > largest ? position : largest;
            positions.Add(ModelQuestion.City, position, city.Area.Revision);
        }

        bool isLarger = fault == PlantedFault.LargerPosition;
        return new(
            parts, isLarger ? largest : positions.Of(ModelQuestion.City)!.Value, positions.AreasOf(ModelQuestion.City),
            positions.IsTorn && !isLarger);
    }
}

/// <summary>
/// Shapes of a server, as <c>BoundaryAreas</c> keeps them: checked for another revision at most once a second, and read with the revision
/// in one snapshot.
/// </summary>
internal sealed class ModelShapes(ModelScheduler scheduler, Func<ModelNode> node)
{
    private static readonly TimeSpan s_checkPause = TimeSpan.FromSeconds(1);

    private TimeSpan? _checkedAt;
    private long _revision = -1;
    private ModelArea? _known;

    public async Task<ModelArea> FindAsync()
    {
        if (_checkedAt is not { } at || scheduler.Now - at >= s_checkPause)
        {
            long revision = Current.Revision;
            await scheduler.StepAsync();
            (_known, _revision, _checkedAt) = (revision == _revision ? _known : null, revision, scheduler.Now);
        }

        if (_known is { } known)
        {
            return known;
        }

        ModelArea read = Current;
        await scheduler.StepAsync();
        _known = read;
        return read;
    }

    private ModelArea Current => node().State.Cities[ModelQuestion.City].Area;
}
