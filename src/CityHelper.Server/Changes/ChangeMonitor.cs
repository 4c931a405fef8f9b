using CityHelper.Data.Changes;

namespace CityHelper.Server.Changes;

/// <summary>Logs what following and copying the change log meet, each outage and return once.</summary>
internal sealed class ChangeMonitor(ILogger<ChangeMonitor> logger) : IChangeMonitor
{
    public void DatabaseAway(Exception cause) => LogMessages.ChangesAway(logger, cause);

    public void DatabaseBack() => LogMessages.ChangesBack(logger);

    public void StreamAway() => LogMessages.StreamAway(logger);

    public void StreamBack() => LogMessages.StreamBack(logger);

    public void StreamBegun(short cityId, ChangePosition last) => LogMessages.StreamBegun(logger, cityId, last.ToString());

    public void EventLost(Witness witness, int epoch) => LogMessages.EventLost(logger, witness.Number, witness.CityId, epoch);

    public void CityNotFollowed(short cityId, Exception cause) => LogMessages.CityNotFollowed(logger, cityId, cause);

    public void CityNotCopied(short cityId, Exception cause) => LogMessages.CityNotCopied(logger, cityId, cause);

    public void HoleInLog(short cityId, ChangePosition last) => LogMessages.HoleInLog(logger, cityId, last.ToString());
}
