namespace CityHelper.Engine.Planning;

/// <summary>The operation cannot be planned; the error tells the client why.</summary>
internal sealed class PlanException(RequestError error) : Exception(error.Message)
{
    public RequestError Error { get; } = error;
}
